"""Columns of tokens and tags, and which reader takes a file."""

from __future__ import annotations

import gzip
import io

import pytest

from seqsuite.data.discovery import load_examples
from seqsuite.errors import UserError
from seqsuite.tasks.pos_tagging.data.columns import sentences, with_lines
from seqsuite.tasks.pos_tagging.data.files import format_to_tag, written

TWO = "New York\tB-location\nis\tO\n\nWhy\tO\n?\tO\n\n"
TOKENS = [("New York", "is"), ("Why", "?")]
TAGS = [("B-location", "O"), ("O", "O")]
CONLLU = "1\tGo\tgo\tVERB\tVB\t_\t0\troot\t_\t_\n\n"


@pytest.fixture
def load(tmp_path, tagging_options):
    """Write a file, then read it as the training split."""

    def read(content, name="a.conll", **changes):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        given = tagging_options(train=str(path), **changes)
        return load_examples("files", "train", given, "seqsuite.tasks.pos_tagging")

    return read


ENDINGS = [".conll", ".txt", ".tsv", ".annotated", ".iob", ".bio", ".BIO", ""]


@pytest.mark.parametrize("name", [f"a{ending}" for ending in ENDINGS])
@pytest.mark.parametrize("packed", [False, True])
def test_every_ending_gives_the_same_examples(load, name, packed):
    data = gzip.compress(TWO.encode()) if packed else TWO.encode()
    found = load(data, f"{name}.gz" if packed else name)
    assert found.features == {"tokens": TOKENS}
    assert found.labels == TAGS
    assert found.groups is None


@pytest.mark.parametrize(
    "content",
    [
        TWO.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + TWO.encode(),
        TWO.rstrip("\n").encode(),
        b"\n\n\t\n" + TWO.replace("\n\n", "\n\t\n \n").encode(),
        ("# a comment\n" + TWO).encode(),
    ],
)
def test_line_ends_byte_order_marks_and_empty_lines_change_nothing(load, content):
    assert load(content) == load(TWO)


def test_spaces_separate_where_there_is_no_tab(load):
    found = load("-DOCSTART- -X- O O\n\nEU NNP  I-NP B-ORG \n# SYM O O\na\u00a0b CD O O\n")
    assert found.features["tokens"] == [("EU", "#", "a\u00a0b")]
    assert found.labels == [("B-ORG", "O", "O")]


def test_columns_are_chosen_by_position(load):
    content = "0\tB-x\tAnn\tNNP\n1\tO\tran\tVBD\n"
    found = load(content, token_column=2, label_column=1)
    assert found.features["tokens"] == [("Ann", "ran")]
    assert found.labels == [("B-x", "O")]
    assert load(content, token_column=-2, label_column=3).labels == [("NNP", "VBD")]


def test_tags_that_break_a_scheme_are_left_as_they_are(load):
    assert load("a\tI-x\nb\tB-x\nc\tI-y\n").labels == [("I-x", "B-x", "I-y")]


def test_strange_tokens_are_kept(load):
    strange = ["x" * 10_000, '"', "\u200b", "नमस्ते", "𐍈", "\u2028", "_", "-DOC", "#"]
    found = load("".join(f"{token}\tO\n" for token in strange))
    assert found.features["tokens"] == [tuple(strange)]


def test_documents_are_groups_when_there_are_enough(load):
    document = "-DOCSTART- O\n\na O\n\nb O\n\n"
    assert load(document * 20).groups == [i for i in range(1, 21) for _ in range(2)]
    assert load(document * 19).groups is None


def test_tags_may_be_absent_where_none_are_asked_for():
    found = sentences(io.StringIO("They\ncan\n\nfish\n"), label_column=None)
    assert [sentence.tokens for sentence in found] == [("They", "can"), ("fish",)]


def test_a_stream_is_answered_sentence_by_sentence():
    read = []

    def stream():
        for line in (TWO * 1000).splitlines(keepends=True):
            read.append(line)
            yield line.encode()

    assert next(sentences(stream())).tokens == TOKENS[0]
    assert len(read) == 3


LINES = [
    "",
    "They\ncan\n\nfish\n",
    "\ufeffThey\r\n\r\ncan\r\n\r\n",
    "# a comment\nNew York\tNNP\n\n\n\t\nin\tIN\n",
    "-DOCSTART- -X-\n\na DT \nb  NN\n\n-DOCSTART- -X-\nc NN\n-DOCSTART- -X-\n\n\n",
    TWO,
]


@pytest.mark.parametrize("content", LINES)
def test_the_lines_of_all_sentences_are_the_file(content):
    found = list(with_lines(content.splitlines(keepends=True)))
    assert "".join(line for sentence in found for line in sentence.lines) == content
    assert all(sentence.tokens for sentence in found[:-1])


@pytest.mark.parametrize("content", LINES)
def test_tags_are_one_more_column_and_all_else_is_kept(content):
    lines = content.splitlines(keepends=True)
    found = list(with_lines(lines))
    tagged = "".join(sentence.with_tags(["TAG"] * len(sentence.tokens)) for sentence in found)
    again = list(with_lines(tagged.splitlines(keepends=True), label_column=-1))
    assert [sentence.tokens for sentence in again] == [sentence.tokens for sentence in found]
    assert [set(sentence.tags) for sentence in again if sentence.tokens] == [{"TAG"}] * sum(
        bool(sentence.tokens) for sentence in found
    )
    for old, new in zip(lines, tagged.splitlines(keepends=True), strict=True):
        kept = old.rstrip("\r\n")
        assert new == old or new.startswith(kept.rstrip(" "))
        assert new[len(new.rstrip("\r\n")) :] == old[len(kept) :]


def test_the_further_column_is_separated_as_the_others_are():
    def tagged(line):
        return "".join(s.with_tags(["X"]) for s in with_lines([line]))

    assert tagged("They\n") == "They\tX\n"
    assert tagged("They PRP \n") == "They PRP X\n"
    assert tagged("New York\tNNP") == "New York\tNNP\tX"
    (sentence,) = with_lines(["They\n"])
    with pytest.raises(ValueError, match="each of 1 words"):
        sentence.with_tags([])


def test_words_alone_are_read_wherever_training_had_the_word():
    (sentence,) = with_lines(["They\n", "can\n"], token_column=2)
    assert sentence.tokens == ("They", "can")
    (sentence,) = with_lines(["0\tThey\n"], token_column=1)
    assert sentence.tokens == ("They",)
    with pytest.raises(UserError, match="none at position 2"):
        list(with_lines(["0\tThey\n"], token_column=2))


@pytest.mark.parametrize(
    ("name", "first", "expected"),
    [
        ("a.conll", "They", "columns"),
        ("a.BIO.gz", "They can", "columns"),
        ("a.iob2", "They\tPRP", "columns"),
        ("a.txt", "They", ""),
        ("a.tsv", "They\tPRP", ""),
        ("-", "They\tPRP", ""),
        ("-", CONLLU, "conllu"),
        ("a.txt", CONLLU, "conllu"),
        ("a.conll", CONLLU, "conllu"),
        ("a.conllu.gz", "They", "conllu"),
        ("conll", "They", ""),
    ],
)
def test_the_ending_says_what_is_to_be_tagged(name, first, expected, tagging_options):
    assert format_to_tag(first, name, tagging_options()) == expected


def test_columns_that_were_named_are_columns(tagging_options):
    options = tagging_options(token_column=1)
    assert format_to_tag(CONLLU, "a.conll", options) == "columns"
    assert format_to_tag(CONLLU, "a.conllu", options) == "conllu"


def test_either_format_is_written_from_the_other(tagging_options):
    (sentence,) = with_lines(["They\tx\n", "\n"])
    given = ("They", ["They"], ["PRON"])
    assert written(*given, "columns", tagging_options(), sentence) == "They\tx\tPRON\n\n"
    assert written(*given, "columns", tagging_options()) == "They\tPRON\n\n"
    row = "# text = They\n1\tThey\t_\t{}\t_\t_\t_\t_\t_\t{}\n\n"
    options = tagging_options()
    assert written(*given, "conllu", options, sentence) == row.format("PRON", "_")
    options = tagging_options(scheme="bio")
    assert written(*given, "conllu", options, sentence) == row.format("_", "NER=PRON")


MISTAKES = {
    "": r"is empty: expected sentences, a token and its tag",
    "\n\n-DOCSTART- O\n": r"is empty",
    "They\ncan\n": r"line 1 has 1 column, expected a token and its tag",
    "a\tO\nb\n": r"line 2 has 1 columns separated by tabs, the lines before it 2",
    "a\tO\n\nb c\tO\tO\n": r"line 3 has 3 columns",
    "New York B-x\nis O\n": r"line 2 has 2 columns separated by spaces, the lines before it 3",
    "a\tO\n\tO\n": r"line 2: the token is empty",
    "a\t\n": r"line 1: the tag is empty",
    b"a\tO\n\xff\tO\n": r"line 2 is not UTF-8 \(byte 0xff\)",
}


@pytest.mark.parametrize("content", MISTAKES)
def test_a_mistake_is_told_in_one_line(load, content):
    with pytest.raises(UserError, match=MISTAKES[content]) as caught:
        load(content)
    assert "a.conll" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_columns_that_are_not_there_are_told(load):
    with pytest.raises(UserError, match=r"2 columns, so none at position 2.*--data\.label_column"):
        load(TWO, label_column=2)
    with pytest.raises(UserError, match=r"none at position -3.*--data\.token_column"):
        load(TWO, token_column=-3)
    with pytest.raises(UserError, match=r"both read from column 0"):
        load(TWO, label_column=0)


def test_content_decides_where_the_name_does_not(load):
    for name in ("a.conll", "a.txt", "a", "a.data"):
        assert load(CONLLU, name).labels == [("VERB",)]
    # Columns that were named are read as columns.
    assert load(CONLLU, "a.conll", token_column=1, label_column=4).labels == [("VB",)]
    # By its name a file is CoNLL-U, whatever it holds.
    with pytest.raises(UserError, match=r"line 1 has 2 columns, expected 10"):
        load(TWO, "a.conllu")


def test_other_formats_are_refused(load):
    with pytest.raises(UserError, match=r"a\.md: its format is not known.*\.conllu"):
        load("good really\n", "a.md")
    with pytest.raises(UserError, match=r"a\.zip is not one file of tagged sentences"):
        load(b"PK", "a.zip")


def test_a_folder_and_a_missing_file_are_told(tmp_path, tagging_options):
    for path, message in {tmp_path: "is not one file", tmp_path / "no": "Give a CoNLL-U"}.items():
        with pytest.raises(UserError, match=message):
            load_examples(
                "files", "train", tagging_options(train=str(path)), "seqsuite.tasks.pos_tagging"
            )


# Of the forms that public corpora have: GermEval, tools that write "# key = value", tweets.
GERMEVAL = "#\thttp://de.example.org/Eins [2009-10-17]\n1\tIn\tO\tO\n2\tBonn\tB-LOC\tO\n\n"
COMMENTED = "# sent_id = 40\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n. . O O\n\n"
TWEETS = "#Berlin B-LOC\nis O\ngreat O\n\n#love O\n\n"


def test_comments_in_front_of_sentences_are_no_words(load, capsys):
    found = load(GERMEVAL * 3, "NER-de-train.tsv", token_column=1, label_column=2)
    assert found.features["tokens"] == [("In", "Bonn")] * 3
    assert found.labels == [("O", "B-LOC")] * 3
    found = load(COMMENTED * 3)
    assert found.features["tokens"] == [("EU", "rejects", ".")] * 3
    assert capsys.readouterr().err == ""
    found = load(COMMENTED.replace("# sent_id = 40", "# one two three") * 3)
    assert found.features["tokens"] == [("EU", "rejects", ".")] * 3
    assert "3 lines that begin with '# ' are taken for comments, the first is line 1" in (
        capsys.readouterr().err
    )
    found = load("# 7\nEU B-ORG\nvotes O\n\n# 8\nwe O\n\n")
    assert found.features["tokens"] == [("EU", "votes"), ("we",)]


def test_hashtags_and_number_signs_are_words(load):
    found = load(TWEETS)
    assert found.features["tokens"] == [("#Berlin", "is", "great"), ("#love",)]
    assert load("#\tO\nEU\tO\n\n#\tO\n1\tO\n\n").features["tokens"][1] == ("#", "1")
    assert load("We O\n# O\n1 O\n\n# O\n2 O\n\n").features["tokens"] == [
        ("We", "#", "1"),
        ("#", "2"),
    ]
    lines = "#Berlin\nis\ngreat\n\n#love\n".splitlines(keepends=True)
    assert [s.tokens for s in with_lines(lines)] == [("#Berlin", "is", "great"), ("#love",)]
    alone = "#love\n\n# sent_id = 3\n\n#\n\nEU\n".splitlines(keepends=True)
    assert [s.tokens for s in with_lines(alone) if s.tokens] == [("#love",), ("#",), ("EU",)]


def test_the_lines_of_files_with_comments_are_the_file():
    for content in (
        GERMEVAL * 2,
        COMMENTED * 2,
        TWEETS,
        "# a\n\n# b\n",
        "#a\n#b",
        "word tag\nEU O\n",
    ):
        lines = content.splitlines(keepends=True)
        assert "".join("".join(s.lines) for s in with_lines(lines)) == content


def test_a_first_line_of_names_is_no_word(load, capsys):
    found = load("word\tpos\nThe\tDET\ndog\tNOUN\n\n")
    assert found.features["tokens"] == [("The", "dog")]
    assert "line 1 names columns (word\tpos) and is passed over" in capsys.readouterr().err
    assert load("Token POS Tag\nEU NNP B-ORG\n\n").labels == [("B-ORG",)]
    assert load("word\tO\nThe\tO\n\n").features["tokens"] == [("word", "The")]


def test_marks_of_documents_get_a_column_as_conlleval_wants():
    start = "-DOCSTART- -X- -X- O\n\n"
    content = f"{start}EU NNP I-NP I-ORG\nvotes VBZ I-VP O\n\n{start}We PRP I-NP O\n"
    lines = content.splitlines(keepends=True)
    found = "".join(s.with_tags(["X"] * len(s.words)) for s in with_lines(lines))
    widths = {len(line.split()) for line in found.splitlines() if line.strip()}
    assert widths == {5}
    assert found.count("-DOCSTART- -X- -X- O O\n") == 2
