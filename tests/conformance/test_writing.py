"""Every file is written beside its place and renamed, found by discovery."""

import ast
import re
from pathlib import Path

import pytest

import seqsuite
from seqsuite.data.writing import replaced, write_text

ROOT = Path(seqsuite.__file__).parent
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))
METHODS = {
    "write_text", "write_bytes", "savefig", "save", "savez", "savez_compressed", "save_weights",
    "to_csv", "to_json", "to_parquet", "tofile", "dump",
}  # fmt: skip
# What writes where no file of a person's stands: a folder that is renamed whole, a temporary one,
# memory; methods of that name that write no file.
ELSEWHERE = {
    "writing.py": {"write_text", "write_bytes"},
    "serving/export.py": {"save", "write_text"},
    "tasks/forecasting/tables.py": {"write_text"},
    "tasks/speech_recognition/serving.py": {"open"},
    "training/selection.py": {"save"},
    "cli/terminal.py": {"fdopen"},
}


def writers(tree):
    """Yield the names of calls that open a file for writing outside a block of `replaced`."""

    def visit(node, inside):
        if isinstance(node, ast.With):
            calls = [item.context_expr for item in node.items]
            inside = inside or any(
                isinstance(call, ast.Call) and name_of(call).endswith("replaced") for call in calls
            )
        if isinstance(node, ast.Call) and not inside and writes(node):
            yield name_of(node)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, inside)

    return visit(tree, False)


def name_of(call):
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def writes(call):
    name, is_method = name_of(call), isinstance(call.func, ast.Attribute)
    if name in METHODS:
        return is_method and not ast.unparse(call.func).endswith("report.to_json")
    if name in ("open", "fdopen"):
        values = [*call.args[:1] * is_method, *call.args[1:2]]
        values += [word.value for word in call.keywords if word.arg == "mode"]
        modes = [value.value for value in values if isinstance(value, ast.Constant)]
        return any(
            isinstance(mode, str) and re.fullmatch("[rbt]*[wax+][bt+]*", mode) for mode in modes
        )
    return ast.unparse(call.func) == "soundfile.write"


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_opened_for_writing_outside_the_helper(module):
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    assert set(writers(tree)) <= ELSEWHERE.get(module, set())


def test_the_walk_finds_what_it_looks_for():
    code = (
        "open('a', 'w')\npath.open('wb')\npath.write_text('')\nopen('a')\npath.open(mode='x')\n"
        "with replaced(p) as q:\n    open(q, 'w')\n    figure.savefig(q)\n"
    )
    assert list(writers(ast.parse(code))) == ["open", "open", "write_text", "open"]


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path, link = tmp_path / "a.txt", tmp_path / "link.txt"
    write_text(path, "one\r\n")
    assert path.read_bytes() == b"one\r\n"
    path.chmod(0o640)
    link.symlink_to(path)

    def fail():
        with replaced(link) as partial:
            partial.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == b"one\r\n"
    write_text(link, "two")
    assert link.is_symlink()
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("two", 0o640)
    assert sorted(tmp_path.iterdir()) == [path, link]
