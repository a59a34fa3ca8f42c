"""Pairs of sentences: what a model reads, what it is to say, and sentences again."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from seqsuite.config import BucketTrainingConfig
from seqsuite.data.batching import RaggedColumn, batch_dataset, plan_batches
from seqsuite.data.examples import Examples
from seqsuite.errors import UserError
from seqsuite.preprocessor import Preprocessor
from seqsuite.tasks.translation.data.sample.grammar import generate
from seqsuite.tasks.translation.preprocessor import TranslationPreprocessor
from seqsuite.text.subwords import BEGIN_ID, END_ID, PADDING_ID, UNKNOWN_ID

pytestmark = pytest.mark.full

EXAMPLES = generate("test").select(range(300))
SAMPLED = {"source_sampling": 0.1, "target_sampling": 0.2}
TRAINING = BucketTrainingConfig(batch_tokens=256, max_batch_size=16, seed=3)


def adapted(examples=EXAMPLES, **settings):
    preprocessor = TranslationPreprocessor(**{"vocabulary_size": 120, **settings})
    preprocessor.adapt(examples)
    return preprocessor


@pytest.fixture(scope="module")
def joint():
    return adapted()


@pytest.fixture(scope="module")
def sampling():
    return adapted(**SAMPLED)


def in_graph(preprocessor, *texts):
    """Source ids of each text as a saved model computes them; padding is checked and cut off."""
    call = tf.function(
        preprocessor.call, input_signature=[{"source": tf.TensorSpec([None], tf.string)}]
    )
    found = {name: value.numpy() for name, value in call({"source": tf.constant(texts)}).items()}
    ids, length = found["source_ids"], found["length"]
    assert (ids.dtype, length.dtype) == (np.int32, np.int32)
    assert ids.shape[1] == max(1, length.max(initial=0))
    assert all((row[n:] == PADDING_ID).all() for row, n in zip(ids, length, strict=True))
    return [row[:n].tolist() for row, n in zip(ids, length, strict=True)]


def as_text(values):
    return [value.decode() for value in np.ravel(values.numpy())]


def batches(encoded, plan):
    """All batches of a plan as (features, targets) of NumPy arrays."""
    return [
        ({name: value.numpy() for name, value in features.items()}, targets["logits"].numpy())
        for features, targets, _ in batch_dataset(encoded, plan)
    ]


def assert_same(first, second):
    assert len(first) == len(second)
    for (features, targets), (other_features, other_targets) in zip(first, second, strict=True):
        np.testing.assert_array_equal(targets, other_targets)
        for name, values in features.items():
            np.testing.assert_array_equal(values, other_features[name])


def test_sources_end_and_come_back(joint):
    texts = EXAMPLES.features["source"][:20]
    rows = in_graph(joint, *texts)
    assert all(row[-1] == END_ID and END_ID not in row[:-1] for row in rows)
    assert joint.texts(RaggedColumn.from_rows([np.array(row) for row in rows])) == list(texts)


def test_pairs_have_what_a_decoder_reads_and_is_to_say(joint):
    encoded = joint.encode(EXAMPLES, training=True)
    read, said = encoded.features["target_ids"], encoded.targets["logits"]
    expected = joint.target_vocabulary.encode(EXAMPLES.labels)
    for index in range(len(encoded)):
        ids = expected.row(index).tolist()
        assert read.row(index).tolist() == [BEGIN_ID, *ids]
        assert said.row(index).tolist() == [*ids, END_ID]
    lengths = encoded.features["length"], encoded.features["target_length"]
    np.testing.assert_array_equal(lengths[0], np.diff(encoded.features["source_ids"].starts))
    np.testing.assert_array_equal(lengths[1], np.diff(read.starts))
    np.testing.assert_array_equal(encoded.lengths, np.maximum(*lengths))
    assert joint.texts(said) == list(EXAMPLES.labels)
    assert {values.dtype for values in (read.values, said.values, *lengths)} == {np.dtype(np.int32)}


def test_references_travel_as_strings_through_batches(joint):
    several = Examples({"source": ["Go.", "Run!"]}, [("Va.", "Allez-y."), "Cours !"])
    encoded = joint.encode(several)
    ((_, targets, _),) = batch_dataset(encoded, [np.array([1, 0])])
    assert as_text(targets["references"]) == ["Cours !", "", "Va.", "Allez-y."]
    rows = encoded.targets["references"].rows()
    assert [row.tolist() for row in rows] == [["Va.", "Allez-y."], ["Cours !"]]
    # The first is learned.
    first = joint.encode_labels(["Va."]).row(0)
    np.testing.assert_array_equal(encoded.targets["logits"].row(0), first)


def test_batches_are_those_of_the_rows_padded(joint):
    encoded = joint.encode(EXAMPLES, training=True)
    plan = encoded.plan(TRAINING, epoch=2)
    for (features, targets), rows in zip(batches(encoded, plan), plan, strict=True):
        np.testing.assert_array_equal(
            features["source_ids"], encoded.features["source_ids"].pad(rows)
        )
        np.testing.assert_array_equal(targets, encoded.targets["logits"].pad(rows))
        assert features["target_ids"].shape == targets.shape


def test_a_plan_holds_every_pair_once_within_its_budget_on_both_sides(joint):
    encoded = joint.encode(EXAMPLES, training=True)
    plan = encoded.plan(TRAINING)
    assert sorted(np.concatenate(plan).tolist()) == list(range(len(encoded)))
    for batch in plan:
        assert len(batch) <= TRAINING.max_batch_size
        for name in ("length", "target_length"):
            assert len(batch) * encoded.features[name][batch].max() <= TRAINING.batch_tokens
    assert [b.tolist() for b in plan] == [b.tolist() for b in encoded.plan(TRAINING)]
    assert [b.tolist() for b in plan] != [b.tolist() for b in encoded.plan(TRAINING, epoch=1)]
    total = encoded.features["length"].sum() + encoded.features["target_length"].sum()
    assert sum(encoded.count(batch) for batch in plan) == total


def test_plans_leave_less_padding_than_those_by_the_longer_side(joint):
    encoded = joint.encode(generate("test"), training=True)

    def share(plan):
        return float(encoded.summary(plan).split(", ")[1].split("%")[0])

    training = BucketTrainingConfig(batch_tokens=512, max_batch_size=64)
    by_longer = plan_batches(encoded.lengths, 512, 64, seed=0)
    assert share(encoded.plan(training)) < share(by_longer)


def test_pieces_are_drawn_anew_each_epoch_and_only_in_plans_of_training(sampling):
    encoded = sampling.encode(EXAMPLES, training=True)
    usual = sampling.encode(EXAMPLES)
    fixed = encoded.features["source_ids"]
    seen = []
    for epoch in range(2):
        plan = encoded.plan(TRAINING, epoch)
        rows = {}
        for (features, targets), entries in zip(batches(encoded, plan), plan, strict=True):
            for side, length in (("source_ids", "length"), ("target_ids", "target_length")):
                for row, n in zip(features[side], features[length], strict=True):
                    assert (row[n:] == PADDING_ID).all()
                    assert (row[:n] != PADDING_ID).all()
            # What is read is what is to be said, one step later.
            np.testing.assert_array_equal(
                np.where(targets == END_ID, PADDING_ID, targets)[:, :-1],
                features["target_ids"][:, 1:],
            )
            for entry, source, target in zip(entries, features["source_ids"], targets, strict=True):
                rows[entry % len(encoded)] = source[source > 0].tolist(), target[target > 0]
        assert sorted(rows) == list(range(len(encoded)))
        # Other pieces, the same sentences.
        sources = [np.array(rows[i][0]) for i in range(len(encoded))]
        targets = [rows[i][1] for i in range(len(encoded))]
        assert sampling.texts(RaggedColumn.from_rows(sources)) == list(EXAMPLES.features["source"])
        assert sampling.texts(RaggedColumn.from_rows(targets)) == list(EXAMPLES.labels)
        changed = [source.tolist() != fixed.row(i).tolist() for i, source in enumerate(sources)]
        assert np.mean(changed) > 0.5
        seen.append([source.tolist() for source in sources])
    assert seen[0] != seen[1]
    for other in (usual, encoded):
        rows = plan_batches(other.lengths, 512, 64)
        assert_same(batches(other, rows), batches(usual, rows))


def test_a_resumed_epoch_sees_what_it_would_have_seen(sampling):
    def encode():
        return sampling.encode(EXAMPLES, training=True)

    encoded = encode()
    whole = batches(encoded, encoded.plan(TRAINING, 5))
    again = encode()
    # Others draw in between.
    batches(again, again.plan(TRAINING, 6)[:3])
    assert_same(batches(again, again.plan(TRAINING, 5)[4:]), whole[4:])


def test_one_side_alone_is_drawn():
    preprocessor = adapted(source_sampling=0.5)
    encoded = preprocessor.encode(EXAMPLES, training=True)
    plan = encoded.plan(TRAINING)
    for (features, targets), entries in zip(batches(encoded, plan), plan, strict=True):
        pairs = entries % len(encoded)
        np.testing.assert_array_equal(targets, encoded.targets["logits"].pad(pairs))
        np.testing.assert_array_equal(
            features["target_length"], encoded.features["target_length"][pairs]
        )


def test_selected_pairs_are_drawn_too(sampling):
    encoded = sampling.encode(EXAMPLES, training=True)
    part = encoded.select(np.array([5, 3, 8]))
    plan = [np.array([2, 0, 1]) + 9 * len(part)]
    ((features, targets),) = batches(part, plan)
    expected = [EXAMPLES.labels[i] for i in (8, 5, 3)]
    assert as_text(sampling.decode(targets)) == expected
    assert features["source_ids"].shape[0] == 3


def test_separate_vocabularies_are_each_of_their_language():
    preprocessor = adapted(joint=False)
    source, target = preprocessor.source_vocabulary, preprocessor.target_vocabulary
    assert source is not target
    assert not any("é" in piece for piece in source.pieces)
    encoded = preprocessor.encode(EXAMPLES)
    assert preprocessor.texts(encoded.targets["logits"]) == list(EXAMPLES.labels)
    sources = encoded.features["source_ids"]
    texts = source.detokenize(tf.constant(sources.pad(np.arange(len(sources)))))
    assert as_text(texts) == list(EXAMPLES.features["source"])


def test_long_sentences_are_cut_in_training_and_served_whole(joint, capsys):
    short = adapted(max_length=5, source_sampling=0.5, target_sampling=0.5)
    capsys.readouterr()
    long = Examples({"source": ["the " * 2000, "a"]}, ["a", "le " * 2000])
    whole = short.encode(long)
    assert whole.lengths.min() > 2000
    assert len(in_graph(short, "the " * 2000)[0]) == whole.lengths[0]
    encoded = short.encode(long, training=True)
    assert "note: 2 of 2 training pairs are longer than 5 pieces" in capsys.readouterr().err
    source, target = encoded.features["source_ids"], encoded.targets["logits"]
    assert source.row(0).tolist() == [*whole.features["source_ids"].row(0)[:4], END_ID]
    # It goes on, so it does not teach to end there.
    assert target.row(1).tolist() == whole.targets["logits"].row(1)[:5].tolist()
    assert encoded.features["target_ids"].row(1).tolist() == [BEGIN_ID, *target.row(1)[:-1]]
    for epoch in range(5):
        for features, targets in batches(encoded, encoded.plan(TRAINING, epoch)):
            assert max(features["source_ids"].shape[1], targets.shape[1]) <= 5


def test_pairs_of_absurd_length_ratio_are_not_learned(capsys):
    preprocessor = adapted(max_length_ratio=4)
    pairs = Examples({"source": ["the " * 30, "the dog", "a"]}, ["le", "le chien", "le " * 30])
    capsys.readouterr()
    encoded = preprocessor.encode(pairs, training=True)
    assert "note: 2 of 3 training pairs are not learned" in capsys.readouterr().err
    assert [batch.tolist() for batch in encoded.plan(TRAINING)] == [[1]]
    assert len(encoded) == 3
    nothing = encoded.select(np.array([0, 2]))
    with pytest.raises(UserError, match="No pair of sentences is left"):
        nothing.plan(TRAINING)
    assert preprocessor.encode(pairs).learned is None


def test_empty_and_unknown_sentences_are_answered(joint):
    assert in_graph(joint, "", "   ") == [[END_ID], [END_ID]]
    (ids,) = in_graph(joint, "漢字")
    assert UNKNOWN_ID in ids
    assert as_text(joint.decode(tf.constant([ids]))) == ["⁇"]
    none = joint({"source": tf.zeros([0], tf.string)})
    assert none["source_ids"].shape == (0, 1)
    assert none["length"].shape == (0,)
    encoded = joint.encode(Examples({"source": ["", "漢"]}, ["", "漢"]))
    assert encoded.features["target_ids"].row(0).tolist() == [BEGIN_ID]
    assert encoded.targets["logits"].row(0).tolist() == [END_ID]


def test_decoding_stops_at_the_end_and_at_the_length(joint):
    dog = joint.target_vocabulary.encode(["chien"]).row(0).tolist()
    ids = [*dog, END_ID, *dog]
    decode = tf.function(joint.decode)
    assert as_text(decode(tf.constant([ids]))) == ["chien"]
    several = tf.constant([[ids, dog + dog + [PADDING_ID]], [[END_ID] * len(ids), ids]])
    assert decode(several).shape == (2, 2)
    assert as_text(decode(several)) == ["chien", "chien chien", "", "chien"]
    lengths = tf.constant([[len(ids), len(dog)], [5, 0]])
    assert as_text(decode(several, lengths)) == ["chien", "chien", "", ""]
    assert joint.decode(tf.zeros([0, 3], tf.int32)).shape == (0,)
    assert joint.decode(tf.zeros([0, 2, 0], tf.int32)).shape == (0, 2)
    assert as_text(joint.decode(tf.zeros([2, 0], tf.int32))) == ["", ""]


def test_sentences_without_translations_are_encoded(joint):
    encoded = joint.encode(Examples({"source": ["the dog"]}))
    assert encoded.targets is None
    assert set(encoded.features) == {"source_ids", "length"}


@pytest.mark.parametrize(
    "settings", [{}, {"joint": False, **SAMPLED, "max_length": 40}, {"model_type": "word"}]
)
def test_it_survives_being_saved(tmp_path, settings):
    preprocessor = adapted(name="pairs", **settings)
    preprocessor.save_to(tmp_path)
    loaded = Preprocessor.load_from(tmp_path)
    assert loaded.get_config() == preprocessor.get_config()
    assert (loaded.source_vocabulary is loaded.target_vocabulary) == loaded.joint
    plans = [each.encode(EXAMPLES, training=True) for each in (preprocessor, loaded)]
    assert_same(*(batches(encoded, encoded.plan(TRAINING)[:4]) for encoded in plans))


@pytest.mark.parametrize("settings", [{}, {"model_type": "word", "vocabulary_size": 2000}])
def test_an_exported_graph_goes_from_strings_to_strings(tmp_path, settings):
    module = tf.Module()
    module.preprocessor = joint = adapted(**settings)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="source")])
    def serve(source):
        features = joint({"source": source})
        return {"text": joint.decode(features["source_ids"], features["length"]), **features}

    tf.saved_model.save(module, str(tmp_path), signatures=serve)
    loaded = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    texts = tf.constant([*EXAMPLES.features["source"][:3], "", "漢字"])
    found = loaded(source=texts)
    for name, expected in serve(texts).items():
        np.testing.assert_array_equal(found[name], expected)
    assert as_text(found["text"])[:3] == list(EXAMPLES.features["source"][:3])


def test_unknown_words_are_taken_from_the_source():
    pairs = Examples({"source": ["Ann sees the dog."]}, ["Ann voit le chien."])
    preprocessor = adapted(pairs, model_type="word")
    vocabulary = preprocessor.target_vocabulary
    known = preprocessor.encode_labels(["Ann voit le chien."]).row(0)
    assert UNKNOWN_ID not in known
    source = tf.constant(["Zoé sees (Rex).", "", "Ann sees"])
    ids = preprocessor.encode_labels(["Bob voit, Rex.", "Bob.", "Ann voit"])
    token_ids = ids.pad(np.arange(3))
    # Zoé sees (￭ Rex ￭) ￭. -> Bob voit ￭, Rex ￭.
    attention = np.zeros((3, token_ids.shape[1], 7), np.float32)
    attention[0, [0, 1, 2, 3, 4], [0, 1, 2, 3, 5]] = 1
    attention[0, 0, 6] = 5  # the end, which is no word
    decode = tf.function(preprocessor.decode)
    found = decode(tf.constant(token_ids), None, source, tf.constant(attention))
    assert as_text(found) == ["Zoé voit (Rex.", "⁇.", "Ann voit"]
    assert as_text(preprocessor.decode(token_ids)) == ["⁇ voit ⁇ ⁇.", "⁇.", "Ann voit"]
    two = tf.constant(np.stack([token_ids] * 2, axis=1))
    again = decode(
        two, None, tf.stack([source] * 2, axis=1), tf.constant(np.stack([attention] * 2, axis=1))
    )
    assert as_text(again) == [text for text in as_text(found) for _ in range(2)]
    assert vocabulary.pieces[:4] == ["<pad>", "<unk>", "<s>", "</s>"]


def test_mistakes_are_named():
    with pytest.raises(ValueError, match=r"`model_type` must be one of .*model_type='char'"):
        TranslationPreprocessor(model_type="char")
    with pytest.raises(ValueError, match="must be 0 for whole words"):
        TranslationPreprocessor(model_type="word", source_sampling=0.1)
    for name in ("source_sampling", "target_sampling"):
        with pytest.raises(ValueError, match=rf"Argument `{name}` must be in \[0, 1\)"):
            TranslationPreprocessor(**{name: 1.0})
    with pytest.raises(ValueError, match="Argument `max_length` must be at least 1"):
        TranslationPreprocessor(max_length=0)
    with pytest.raises(RuntimeError, match="Call `adapt` first"):
        TranslationPreprocessor()({"source": tf.constant(["a"])})
