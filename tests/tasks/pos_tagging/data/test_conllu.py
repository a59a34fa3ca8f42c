"""CoNLL-U: words and tags as written, every other byte left alone, mistakes named by their line."""

from __future__ import annotations

import gzip
import io

import conllu
import pytest

from seqsuite.config import build_config
from seqsuite.data.discovery import load_examples
from seqsuite.data.examples import concatenate, split_off_groups
from seqsuite.errors import UserError
from seqsuite.tasks import find_task
from seqsuite.tasks.pos_tagging.data.conllu import sentences, written
from seqsuite.training import splits


def line(*fields):
    """A line of ten columns: id, form, upos, xpos, feats and misc are given."""
    position, form, upos, xpos, feats, misc = (*fields, *("_",) * (6 - len(fields)))
    values = [position, form, form.lower(), upos, xpos, feats, "0", "dep", "_", misc]
    return "\t".join(values) + "\n"


SIMPLE = (
    "# sent_id = 1\n"
    + line("1", "They", "PRON", "PRP", "Case=Nom")
    + line("2", "can", "AUX", "MD", "_", "SpaceAfter=No")
    + line("3", ".", "PUNCT", ".")
    + "\n"
)
# What readers trip over: ranges, empty nodes, a form of two words, quotes, the form "_", a comment
# in the middle, empty lines in a row, no empty line at the end.
TRICKY = (
    "\n\n# newdoc id = a\n# text = du 漢字 _\n#no key\n"
    + line("1-2", "du")
    + line("1", "de", "ADP", "P", "_", "Gloss=a|NER=B-x|Other")
    + line("2", "le", "DET", "D", "Number=Sing")
    + "# between\n"
    + line("2.1", "(empty)", "VERB", "V")
    + line("2.2", "(empty)", "VERB", "V")
    + line("3", "New  York", "PROPN", "N", "_", "SpaceAfter=No")
    + line("4", '"', "PUNCT", "''")
    + line("5", "_", "SYM", "_", "_", "")
    + " \n\n\n# only a comment\n\n"
    + line("0.1", "(empty)", "VERB")
    + line("1", "Ж\u2028ж\u00a0", "X", "FW")
    + line("2", "a" * 10_000, "X")
)


@pytest.fixture
def load(tmp_path, tagging_options):
    """Write a file, then read it as the training split."""

    def read(content, name="a.conllu", **changes):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        given = tagging_options(train=str(path), **changes)
        return load_examples("files", "train", given, "seqsuite.tasks.pos_tagging")

    return read


def test_words_tags_and_columns_are_aligned(load):
    found = load(SIMPLE)
    assert found.features == {
        "tokens": [("They", "can", ".")],
        "xpos": [("PRP", "MD", ".")],
        "morphology": [("Case=Nom", "_", "_")],
        "relation": [("dep", "dep", "dep")],
        "head": [("0", "0", "0")],
    }
    assert found.labels == [("PRON", "AUX", "PUNCT")]
    assert found.groups is None


@pytest.mark.parametrize(
    "content",
    [
        SIMPLE.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + SIMPLE.encode(),
        b"\xef\xbb\xbf" + SIMPLE.partition("\n")[2].encode(),
        SIMPLE.rstrip("\n").encode(),
        b"\n\n" + SIMPLE.encode() + b"\n\n",
    ],
)
def test_line_ends_byte_order_marks_and_empty_lines_change_nothing(load, content, capsys):
    for name, data in {"a.conllu": content, "a.conllu.gz": gzip.compress(content)}.items():
        assert load(data, name) == load(SIMPLE)
    assert capsys.readouterr().err == ""


def test_ranges_and_empty_nodes_are_no_words(load):
    found = load(TRICKY)
    assert found.features["tokens"][0] == ("de", "le", "New York", '"', "_")
    assert found.features["tokens"][1] == ("Ж\u2028ж\u00a0", "a" * 10_000)
    assert found.labels == [("ADP", "DET", "PROPN", "PUNCT", "SYM"), ("X", "X")]


def test_the_label_is_the_chosen_column(load, capsys):
    found = load(SIMPLE, tag_column="xpos")
    assert found.labels == [("PRP", "MD", ".")]
    assert list(found.features) == ["tokens", "morphology", "relation", "head"]
    # Sentences with an untagged word teach nothing about it.
    assert load(TRICKY + "\n" + SIMPLE, tag_column="xpos").labels == [("PRP", "MD", ".")]
    assert "2 of 4 sentences have a word without a tag in column XPOS" in capsys.readouterr().err
    entities = "".join(
        line(str(i), form, "X", "_", "_", misc)
        for i, (form, misc) in enumerate(
            [("Ann", "NER=B-person"), ("Lee", "SpaceAfter=No|NER=I-person"), ("ran", "NER=O|x")], 1
        )
    )
    assert load(entities, tag_column="ner").labels == [("B-person", "I-person", "O")]
    # A scheme of spans asks for them, unless a column was named.
    assert load(entities, scheme="bio").labels == [("B-person", "I-person", "O")]
    assert (
        load(SIMPLE, scheme="bio", tag_column="xpos").labels
        == load(SIMPLE, tag_column="xpos").labels
    )


def test_columns_without_any_value_are_left_out(load):
    words_and_tags = line("1", "Go", "VERB").replace("\t0\tdep\t", "\t_\t_\t")
    assert list(load(words_and_tags).features) == ["tokens"]


def test_sentences_without_words_are_left_out_and_counted(load, capsys):
    assert len(load(f"# nothing\n\n{SIMPLE}\n\n# end\n\n")) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "2 of 3 sentences have no token" in captured.err


def test_other_columns_may_be_declared(load):
    plus = "# global.columns = ID FORM UPOS NOTE\n1\tGo\tVERB\t\n\n1\tRun\tVERB\tx\n"
    found = load(plus)
    assert found.features == {"tokens": [("Go",), ("Run",)]}
    first, _ = sentences(io.StringIO(plus))
    with pytest.raises(UserError, match=r"no column XPOS"):
        first.with_tags(["VB"], "xpos")


def documents(count, sentences_each=3):
    return "".join(
        f"# newdoc id = {i}\n"
        + "".join(line("1", f"w{i}", "X") + "\n" for _ in range(sentences_each))
        for i in range(count)
    )


def test_documents_are_groups_when_there_are_enough(load):
    found = load(documents(30))
    assert [found.groups.count(group) for group in sorted(set(found.groups))] == [3] * 30
    rest, held_out = split_off_groups(found, 0.1, seed=0)
    assert len(held_out) == 9
    assert not {t[0] for t in rest.features["tokens"]} & {t[0] for t in held_out.features["tokens"]}
    assert load(documents(5)).groups is None


def test_rows_can_be_selected_joined_and_cut(load):
    found = load(documents(8) + SIMPLE)
    assert concatenate([found.select([0, 1]), found.select(range(2, len(found)))]) == found
    # The only sentence with AUX has to stay where it can be learned.
    task_class = find_task("pos_tagging")
    half = {"data": {"validation_fraction": 0.5}}
    task = task_class(build_config(task_class.config_class, half))
    for seed in range(20):
        rest, held_out = splits._cut(task.config.data, found, seed)
        assert ("PRON", "AUX", "PUNCT") in rest.labels
        assert len(rest) + len(held_out) == len(found)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("text", [SIMPLE, TRICKY, "", "\n", "# a\n", SIMPLE * 2])
def test_lines_are_kept_to_the_byte(text, newline, mark, tmp_path):
    written = mark + text.replace("\n", newline)
    path = tmp_path / "a.conllu"
    path.write_bytes(written.encode())
    streams = (io.BytesIO(written.encode()), io.StringIO(written, newline="\n"))
    for source in (path, *streams):
        found = list(sentences(source))
        assert "".join(line for sentence in found for line in sentence.lines) == written
        for kind in ("upos", "xpos"):
            assert "".join(s.with_tags(s.tags(kind), kind) for s in found) == written


@pytest.mark.parametrize(("kind", "position"), [("upos", 3), ("xpos", 4)])
def test_new_tags_change_their_column_of_words_only(kind, position):
    for text in (SIMPLE, TRICKY, TRICKY.replace("\n", "\r\n")):
        found = list(sentences(io.BytesIO(text.encode())))
        written = "".join(s.with_tags(["NEW"] * len(s.tokens), kind) for s in found)
        changed = 0
        for old, new in zip(text.split("\n"), written.split("\n"), strict=True):
            fields = old.split("\t")
            if fields[0].lstrip("\ufeff").isdigit():
                fields[position] = "NEW"
                changed += 1
            assert new == "\t".join(fields)
        assert changed == sum(len(s.tokens) for s in found) > 0


def test_entities_are_written_beside_what_misc_holds():
    (_, _, found, *_) = sentences(io.StringIO(TRICKY, newline="\n"))
    written = found.with_tags(["B-a", "I-a", "O", "O", "B-b"], "ner")
    misc = [row.split("\t")[9] for row in written.split("\n") if row[:1].isdigit()]
    assert misc == [
        "_", "Gloss=a|NER=B-a|Other", "NER=I-a", "_", "_", "SpaceAfter=No|NER=O", "NER=O",
        "NER=B-b",
    ]  # fmt: skip
    (again,) = sentences(io.StringIO(written, newline="\n"))
    assert again.tags("ner") == ("B-a", "I-a", "O", "O", "B-b")


def test_every_word_needs_a_new_tag():
    (found,) = sentences(io.StringIO(SIMPLE))
    with pytest.raises(ValueError, match=r"`tags` must have one tag for each of 3 words.*2 tags"):
        found.with_tags(["X", "X"])


def test_a_stream_is_answered_sentence_by_sentence():
    read = []

    def stream():
        for text in (SIMPLE * 1000).splitlines(keepends=True):
            read.append(text)
            yield text.encode()

    found = sentences(stream())
    assert next(found).tokens == ("They", "can", ".")
    assert len(read) == SIMPLE.count("\n")


MISTAKES = {
    "": r"is empty: expected sentences",
    "# only\n\n": r"is empty",
    line("1", "a", "X") + "2\tb\tb\tX\n": r"line 2 has 4 columns, expected 10 .*: ID FORM LEMMA",
    "1 a a X _ _ 0 root _ _\n": r"line 1 has 1 columns.*tabs",
    line("1", "a", "X")
    + line("1", "b", "X"): r"line 2: id '1' is out of place, expected 2 .*empty",
    line("x", "a", "X"): r"line 1: id 'x' is out of place, expected 1",
    line("_", "a", "X"): r"line 1: id '_'",
    line("2", "a", "X"): r"line 1: id '2'",
    line("1-0", "a") + line("1", "b", "X"): r"line 1: id '1-0'",
    line("1", "a", "X") + line("1-2", "b") + line("2", "b", "X"): r"line 2: id '1-2'",
    line("1", "a", "X") + line("3.1", "b"): r"line 2: id '3\.1'",
    "\n" + line("1-3", "ab") + line("1", "a", "X"): r"line 2: a range of ids ends at 3, .* 1\.",
    line("1", "", "X"): r"line 1: column FORM is empty",
    line("1", "a") + "\n" + line("1", "b"): r"no sentence has a tag .* column UPOS .*tag_column xp",
}


@pytest.mark.parametrize("content", MISTAKES)
def test_a_mistake_is_told_in_one_line(load, content):
    with pytest.raises(UserError, match=MISTAKES[content]) as caught:
        load(content)
    assert "a.conllu" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_told_in_one_line(load):
    with pytest.raises(UserError, match=r"a\.conllu line 4 is not UTF-8 \(byte 0xe9\)"):
        load(SIMPLE.replace(".\t.\tPUNCT", "é\té\tPUNCT").encode("latin-1"))
    for data in (gzip.compress(SIMPLE.encode())[:-12], SIMPLE.encode()):
        with pytest.raises(UserError, match=r"a\.conllu\.gz cannot be read"):
            load(data, "a.conllu.gz")


def test_the_real_treebanks_are_kept_to_the_byte_and_read_as_the_library_does(real_data):
    paths = sorted(real_data.glob("pos/*/*-dev.conllu.gz")) or pytest.skip("no treebanks there")
    for path in paths:
        text = gzip.decompress(path.read_bytes()).decode()
        found = list(sentences(path))
        assert "".join(line for sentence in found for line in sentence.lines) == text
        assert "".join(s.with_tags(s.tags("upos")) for s in found) == text
        for ours, theirs in zip(found, conllu.parse(text), strict=True):
            words = [token for token in theirs if isinstance(token["id"], int)]
            assert ours.tokens == tuple(word["form"] for word in words)
            assert ours.tags("upos") == tuple(word["upos"] for word in words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("They can't go.", ["They", "ca", "n't", "go", "."]),
        ("  Don\u2019t,   (now) ", ["Do", "n't", ",", "(", "now", ")"]),
        ("a\u00a0b", ["a", "b"]),
        ("word", ["word"]),
    ],
)
def test_forms_and_spaces_give_the_text(text, words):
    sentence = "".join(written(text, words, ["X"] * len(words), sentence_id=7))
    (found,) = sentences(sentence.splitlines(keepends=True))
    rebuilt = "".join(
        form + ("" if misc == "SpaceAfter=No" else " ")
        for form, misc in zip(found.tokens, found.column("misc"), strict=True)
    )
    assert found.lines[:2] == ("# sent_id = 7\n", f"# text = {rebuilt.rstrip()}\n")
    assert rebuilt.rstrip() == " ".join(text.split())
    assert found.tags("upos") == ("X",) * len(words)


def test_words_that_are_not_in_the_text_stand_apart():
    sentence = written("ﬁne day", ["fine", "day"], ["X", "X"])
    assert "# text = fine day\n" in sentence
    assert "SpaceAfter" not in sentence


def test_entities_stand_beside_missing_spaces():
    sentence = written("Go!", ["Go", "!"], ["B-x", "O"], "ner")
    assert "\tSpaceAfter=No|NER=B-x\n" in sentence
