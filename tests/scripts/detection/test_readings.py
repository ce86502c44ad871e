"""What each parser's own ways of saying things are read as, case by case."""

from typing import Any

import pytest

from runyard.scripts.definitions import MOST_OPTIONS, MOST_PARAMETERS
from runyard.scripts.detection import frameworks, syntax
from runyard.scripts.detection.analysis import Analysis, analyse

ARGPARSE = "import argparse\np = argparse.ArgumentParser()\n"
CLICK = "import click\n@click.command()\n{}\ndef main(**given): ...\n"
TYPER = "import typer, typing, enum\nfrom typing import Literal, Optional, Union\ndef main({}): ...\ntyper.run(main)\n"


def facts(found: Analysis) -> dict[str, Any]:
    """Return, by key, what a table of cases names: attributes of definitions and of their arguments."""
    made = {}
    for item in found.proposals:
        d = item.definition
        told: dict[str, Any] = {"type": d.type.value, "required": d.required, "default": d.default}
        told |= {"min": d.min, "max": d.max, "options": tuple(option.value for option in d.options)}
        if d.argument is not None:
            told |= {"style": d.argument.style.value, "flag": d.argument.flag, "off": d.argument.off}
            told |= {"command": d.argument.command}
        made[d.key] = told
    return made


def check(found: Analysis, wanted: dict[str, dict[str, Any]]) -> None:
    told = facts(found)
    assert {key: {name: told[key].get(name) for name in some} for key, some in wanted.items() if key in told} == wanted
    assert told.keys() == wanted.keys()


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        ("p.add_argument_group('Sizes').add_argument('--max')", {"max": {"style": "option"}}),
        ("p.add_argument('--n', type=int, choices=range(1, 4))", {"n": {"type": "select", "options": ("1", "2", "3")}}),
        ("p.add_argument('--n', type=int, choices=range(1, 9, 0))", {"n": {"type": "number", "options": ()}}),
        (f"p.add_argument('--n', choices=range({10**30}))", {"n": {"type": "text", "options": ()}}),
        (f"p.add_argument('--n', choices=range({MOST_OPTIONS + 1}))", {"n": {"type": "text"}}),
        ("KINDS = ['a', 'b']\np.add_argument('--k', choices=tuple(KINDS))", {"k": {"options": ("a", "b")}}),
        ("p.add_argument('--k', choices=list(a, b))", {"k": {"type": "text"}}),
        ("p.add_argument('--k', nargs='+', choices=['a', 'b'], default=['a'])", {"k": {"default": ["a"]}}),
        ("p.add_argument('--k', nargs='+', choices=['a', 'b'], default='a')", {"k": {"default": None}}),
        ("p.add_argument('--k', nargs=2, default=['a', 'b'])", {"k": {"type": "textarea", "default": "a\nb"}}),
        ("p.add_argument('--k', nargs='+', default='a')", {"k": {"type": "textarea", "default": "a"}}),
        ("p.add_argument('--k', default=True)", {"k": {"type": "text", "default": "true"}}),
        ("p.add_argument('--k', default=False)", {"k": {"type": "text", "default": "false"}}),
        ("p.add_argument('--n', type=float, default='1.5')", {"n": {"type": "number", "default": 1.5}}),
        ("p.add_argument('--n', type=float, default='many')", {"n": {"type": "number", "default": None}}),
        ("p.add_argument('--n', type=int, default=[1])", {"n": {"type": "number", "default": None}}),
        ("p.add_argument('2nd')", {"n2nd": {"style": "positional"}}),
        ("p.add_argument('--é')", {"value": {"type": "text", "style": None}}),
        ("p.add_argument('x', choices=['y' * 2000])\np.add_argument('z')", {"x": {"options": ()}, "z": {}}),
    ],
)
def test_argparse(call: str, wanted: dict[str, dict[str, Any]]) -> None:
    found = analyse("python", ARGPARSE + call)
    assert found.notes == []
    check(found, wanted)


def test_what_can_not_be_taken_over_is_left_out_or_told_of() -> None:
    def notes(call: str) -> list[tuple[str, str]]:
        return [(item.definition.key, item.note) for item in analyse("python", ARGPARSE + call).proposals]

    assert notes("p.add_argument('--x', choices=['a'], default='b')")[0][1].startswith("The default")
    long = f"p.add_argument('--{'x' * 300}', '-o', dest='out')"
    assert notes(long)[0][1].startswith("Its flag can't be passed on")
    too_long = f"p.add_argument('--a', choices=['{'y' * 2000}'])\np.add_argument('--b')"
    assert notes(too_long) == [("b", "")]


def test_only_so_many_are_proposed() -> None:
    calls = "\n".join(f"p.add_argument('--o{n}')" for n in range(MOST_PARAMETERS + 5))
    found = analyse("python", ARGPARSE + calls)
    assert [item.definition.key for item in found.proposals] == [f"o{n}" for n in range(MOST_PARAMETERS)]


def test_keys_are_told_apart_and_a_variable_is_told_once() -> None:
    assert list(facts(analyse("python", ARGPARSE + "p.add_argument('--a-b')\np.add_argument('a_b')"))) == [
        "a_b",
        "a_b_2",
    ]
    code = "import os\nprint(os.environ['PATH'], os.environ['PATH'], os.getenv('MODE'), os.environ.get('MODE'))"
    assert list(facts(analyse("python", code))) == ["arg_PATH", "MODE"]


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("import os\nos.environ[name]; os.getenv(name); os.getenv('A', 5)", {"A": {"default": None}}),
        ("import sys\nsys.argv[0]; sys.argv[-1]; sys.argv[1:]; sys.argv[True]; sys.argv[21]", {}),
        ("import sys\nsys.argv[3]", {f"arg{n}": {"style": "position"} for n in (1, 2, 3)}),
        ("from . import os\nos.environ['A']", {"A": {"required": True}}),
    ],
)
def test_python_without_a_parser(code: str, wanted: dict[str, dict[str, Any]]) -> None:
    check(analyse("python", code), wanted)


def test_a_header_that_can_not_be_read_is_told_of() -> None:
    found = analyse("python", "# /// script\n# dependencies = [\n# ///\nimport os\nos.environ['A']\n")
    assert (list(facts(found)), found.requirements, len(found.notes)) == (["A"], [], 1)


@pytest.mark.parametrize("code", ["a" + ".b" * 20_000, "-" * 100_000 + "1", "\ud800"])
def test_python_that_no_parser_takes(code: str) -> None:
    found = analyse("python", code)
    assert (found.proposals, found.notes) == (
        [],
        ["The code can't be parsed: it is nested too deeply, or holds what is no text."],
    )


@pytest.mark.parametrize(
    ("decorator", "wanted"),
    [
        ("@click.option(*names)", {}),
        ("@click.argument(name)", {}),
        ("@click.option('--shout/--no-shout', default=True)", {"shout": {"style": "switch", "off": "--no-shout"}}),
        ("@click.option('-v', '--verbose', count=True)", {"verbose": {"style": "times", "min": 0, "max": 9}}),
        ("@click.option('--wet', default=False)", {"wet": {"options": ("true", "false"), "default": "false"}}),
        ("@click.option('--wet', type=bool)", {"wet": {"style": "option", "options": ("true", "false")}}),
        ("@click.option('--n', type=click.INT)", {"n": {"type": "number"}}),
        ("@click.option('--n', type=click.FloatRange(0.5, max=2))", {"n": {"min": 0.5, "max": 2}}),
        ("@click.option('--n', type=click.IntRange(None, 5, True))", {"n": {"min": None, "max": 5}}),
        ("@click.option('--k', type=click.Choice(Kinds))", {"k": {"type": "text", "options": ()}}),
        ("@click.option('--f', type=click.File())", {"f": {"type": "file"}}),
        ("@click.option('--f', type=click.File('w'))", {"f": {"type": "text"}}),
        ("@click.argument('f', type=click.Path(exists=True, dir_okay=False))", {"f": {"type": "file"}}),
        ("@click.argument('f', type=click.Path(exists=True))", {"f": {"type": "text", "required": True}}),
        ("@click.argument('f', default='x')", {"f": {"required": False, "default": "x"}}),
        ("@click.argument('f', nargs=-1)", {"f": {"style": "spread", "required": False}}),
    ],
)
def test_click(decorator: str, wanted: dict[str, dict[str, Any]]) -> None:
    check(analyse("python", CLICK.format(decorator)), wanted)


def test_commands_of_click_without_calls() -> None:
    code = (
        "import click\n@click.group\ndef cli(): ...\n@cli.command\ndef sync_all(): ...\n"
        "@cli.command(name='go')\n@click.option('--far')\ndef run(far): ...\n@other.command()\ndef alone(): ...\n"
    )
    check(analyse("python", code), {"command": {"options": ("sync-all", "go")}, "far": {"command": "go"}})


@pytest.mark.parametrize(
    ("signature", "wanted"),
    [
        ("context: typer.Context, a: str", {"a": {"style": "positional", "required": True}}),
        ("a", {"a": {"type": "text", "required": True}}),
        ("a: int | None = None", {"a": {"type": "number", "required": False}}),
        ("a: None | float", {"a": {"type": "number", "required": False}}),
        ("a: Optional[list[int]] = None", {"a": {"style": "repeat", "required": False}}),
        ("a: tuple[()] = ()", {"a": {"style": "repeat", "type": "textarea"}}),
        ("a: Literal['x', 'y'] = 'x'", {"a": {"options": ("x", "y"), "default": "x"}}),
        ("a: Literal['x']", {"a": {"options": ("x",), "style": "positional"}}),
        ("a: Literal[kind.X] = 'x'", {"a": {"options": (), "default": "x"}}),
        ("a: int = typer.Option(0, '-v', count=True)", {"a": {"style": "times", "flag": "-v"}}),
        ("a: bool = typer.Option(False, '--on/--off')", {"a": {"flag": "--on", "off": "--off"}}),
        ("a: bool = typer.Option(False, '--on')", {"a": {"flag": "--on", "off": ""}}),
        ("a: bool = True", {"a": {"flag": "--a", "off": "--no-a", "default": True}}),
        ("*, a: int = typer.Option(default=3, min=1, max=low)", {"a": {"min": 1, "max": None, "default": 3}}),
        ("a: typing.Annotated[str] = 'b'", {"a": {"default": "b", "style": "option"}}),
    ],
)
def test_typer(signature: str, wanted: dict[str, dict[str, Any]]) -> None:
    check(analyse("python", TYPER.format(signature)), wanted)


def test_several_commands_of_typer_and_what_comes_before_them() -> None:
    code = (
        "import typer\napp = typer.Typer()\n@app.callback\ndef main(loud: bool = False): ...\n"
        "@app.command('add')\ndef add_one(name: str): ...\n@app.command\ndef drop_all(force: bool = False): ...\n"
        "@app.other\ndef no_command(a: int): ...\ntyper.run(nobody)\n"
    )
    check(
        analyse("python", code),
        {
            "command": {"options": ("add", "drop-all"), "style": "command"},
            "loud": {"command": ""},
            "name": {"command": "add", "required": False},
            "force": {"command": "drop-all"},
        },
    )


def test_members_of_enumerations_are_choices() -> None:
    code = (
        "import enum, typer\nclass Other(Base):\n    a = 'no'\n"
        "class Kind(str, enum.Enum):\n    '''Kinds.'''\n    a = 'one'\n    b = 'two'\n    c = made()\n    d.e = 'x'\n"
        "def main(kind: Kind = Kind.b, other: Other = Other.a, last: Kind = Kind.a.value): ...\ntyper.run(main)\n"
    )
    check(
        analyse("python", code),
        {
            "kind": {"options": ("one", "two"), "default": "two"},
            "other": {"options": (), "default": None},
            "last": {"default": "one"},
        },
    )


def commander(rest: str) -> str:
    return f"const {{ program, Option }} = require('commander')\n{rest}"


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("program.command('add <name> [more...]').option('-f, --force')\nprogram.command('drop')", {
            "command": {"options": ("add", "drop"), "style": "command"},
            "name": {"command": "add", "style": "positional"},
            "more": {"command": "add", "style": "spread"},
            "force": {"command": "add", "style": "switch"},
        }),
        ("program.argument('<n>', 'How many', 3).argument('[rest...]')", {
            "n": {"default": "3", "required": False},
            "rest": {"style": "spread", "required": False},
        }),
        ("new Option('-d, --drink <d>').choices(['tea', 'milk']).makeOptionMandatory()", {
            "drink": {"options": ("tea", "milk"), "required": True},
        }),
        ("new Option('-d, --drink <d>').default('tea').choices(some).makeOptionMandatory()", {
            "drink": {"options": (), "default": "tea", "required": False},
        }),
        ("new Option('--a').default(made()).argument('none')", {"a": {"style": "switch", "default": False}}),
        ("program.choices(['a']).option(named).option('-n <n>', 'N', parseInt, 4)", {
            "n": {"flag": "-n", "type": "number", "default": 4},
        }),
        ("program.requiredOption('--a <a>').option('--b <b>', 'B', 2)", {
            "a": {"required": True}, "b": {"type": "number", "default": 2},
        }),
        ("program.option('--no-cache').option('--loud', 'L', true)", {
            "cache": {"off": "--no-cache", "default": True}, "loud": {"flag": "--loud", "default": True},
        }),
    ],
)  # fmt: skip
def test_commander(code: str, wanted: dict[str, dict[str, Any]]) -> None:
    check(analyse("javascript", commander(code)), wanted)


LONG_CHAIN = (
    "yargs.command('get <a>', 'G', (y) => y.positional('a', {type: 'array'}).option('p', {number: true}))"
    ".option('loud', {default: true}).command('$0', 'D', (y) => y.option('x')).command(named)"
)


def yargs(rest: str) -> str:
    return f"import yargs from 'yargs'\n{rest}"


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        (LONG_CHAIN, {
            "command": {"options": ("get",)},
            "a": {"command": "get", "style": "spread"},
            "p": {"command": "get", "flag": "-p", "type": "number"},
            "loud": {"command": "", "style": "switch", "off": "--no-loud", "default": True},
            "x": {"command": "", "style": "option"},
        }),
        ("yargs.positional('a', {demandOption: true})", {"a": {"style": "positional", "required": True}}),
        ("yargs.option('n', {default: 3})", {"n": {"type": "number", "default": 3}}),
        ("yargs.option('v', {count: true})", {"v": {"style": "times", "flag": "-v", "min": 0, "max": 9}}),
        ("yargs.option('t', {array: true, type: 'string'})", {"t": {"style": "repeat", "flag": "-t"}}),
        ("yargs.option(named, {}).options(named)", {}),
        ("yargs.options({one: {choices: ['a'], desc: 'x'}, two: named, three: {describe}})", {
            "one": {"options": ("a",)}, "three": {"type": "text"},
        }),
    ],
)  # fmt: skip
def test_yargs(code: str, wanted: dict[str, dict[str, Any]]) -> None:
    check(analyse("javascript", yargs(code)), wanted)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("(() => {})(); new (class {})(); parseArgs(); parseArgs({}); parseArgs(named)", {}),
        ("parseArgs({options: {v: {type: 'boolean'}, t: {type: 'string', multiple: true, default: made}}})", {
            "v": {"style": "switch", "flag": "--v"}, "t": {"style": "repeat", "default": None},
        }),
        ("process.argv[1]; process.argv[n]; process.argv[40]; other[2]; let x; const {a} = process.argv", {}),
        ("const [, , ...rest] = process.argv", {}),
        ("const [, , a] = process.argv\nprocess.argv[2]", {"a": {"style": "position"}}),
        ("const [a, [b], c] = process.argv.slice(2)", {"a": {}, "arg2": {"style": "position"}, "c": {}}),
        ("if (process.argv.includes('--dry-run')) stop()", {
            "dry_run": {"type": "switch", "style": "switch", "flag": "--dry-run", "default": False},
        }),
        ("const args = process.argv.slice(2)\nargs.includes('--all')\nargs.includes('--all')\nargs.includes('-q')", {
            "all": {"style": "switch", "flag": "--all"}, "q": {"style": "switch", "flag": "-q"},
        }),
        ("const loud = process.argv.includes('-l') || process.argv.includes('--loud')", {
            "loud": {"style": "switch", "flag": "--loud"},
        }),
        ("const at = process.argv.indexOf('--out')\nconst out = process.argv[at + 1]", {
            "out": {"type": "text", "style": "pair", "flag": "--out"},
        }),
        ("const a = process.argv\nif (a.includes('--out')) b = a[a.indexOf('--out') + 1]", {"out": {"style": "pair"}}),
        ("const args = process.argv\nargs[args.indexOf('--out')+1]; args.indexOf('--fast') > -1", {
            "out": {"style": "pair"}, "fast": {"style": "switch"},
        }),
        ("process.argv.includes('--help'); process.argv.includes(name); process.argv.includes('plain')", {}),
        ("other.includes('--x'); process.argv.join().includes('--x'); includes('--x'); new Set('--x')", {}),
        ("process.argv[2]; process.argv.includes('--x')", {"arg1": {"style": "position"}, "x": {"style": "switch"}}),
        ("process.env['A B'.length]; process.env['A'] ?? 'b'; process.env.npm_name; 1 + process.env.C", {
            "A": {"default": "b", "required": False}, "C": {"default": None},
        }),
        ("process.env.A = 1; process.env['B'] = 2; x = process.env.C; other.env.D", {"C": {"type": "text"}}),
        ("process.env.A || ''; process.env.N || 5; process.env.T || true", {
            "A": {"default": None}, "N": {"default": "5"}, "T": {"default": "true"},
        }),
    ],
)  # fmt: skip
def test_node(code: str, wanted: dict[str, dict[str, Any]]) -> None:
    check(analyse("javascript", code), wanted)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("'a\\n\\'b\\''", "a\n'b'"),
        ("`plain`", "plain"),
        ("`with ${it}`", syntax.MISSING),
        ("0x1F", 31),
        ("1_000.5", 1000.5),
        ("-0b11", -3),
        ("12n", syntax.MISSING),
        ("-12n", syntax.MISSING),
        ("-x", syntax.MISSING),
        ("true", True),
        ("null", None),
        ("undefined", None),
        ("[1, /* two */ made(), 'three']", [1, "three"]),
        ("({a: 1, 'b c': [true], d: made(), e, ...f, g() {}})", {"a": 1, "b c": [True]}),
        ("[" * 40 + "]" * 40, None),
    ],
)
def test_literals_of_javascript(written: str, value: Any) -> None:
    statement = syntax.parse("javascript", f"x = {written}").named_children[0].named_children[0]
    node = statement.child_by_field_name("right")
    found = syntax.literal(node.named_children[0] if node.type == "parenthesized_expression" else node)
    if written.startswith("[["):
        # Beyond its depth a list is no literal any more, so the innermost that is one is empty.
        for _level in range(20):
            assert len(found) == 1
            found = found[0]
        assert found == []
    else:
        assert found == value
        assert type(found) is type(value)


def test_no_node_is_no_literal() -> None:
    assert (syntax.literal(None), syntax.text(None), syntax.pairs(None)) == (syntax.MISSING, "", {})


@pytest.mark.parametrize(
    ("files", "spiders", "note"),
    [
        ({"a.py": "import scrapy\nclass A(scrapy.Spider):\n    name = 'a'"}, ("a",), "A spider without a project"),
        ({"scrapy.cfg": "", "a.py": "class A(Spider):\n    name = made()"}, (), "The project has no spider"),
        ({"scrapy.cfg": "", "a.py": "class A(Spider):\n    other = 'a'\n    def f(self): ..."}, (), "The project has"),
        ({"scrapy.cfg": "", "a.py": "class Spider("}, (), "The project has no spider"),
        ({"x/scrapy.cfg": "", "a.py": "class A(f().Spider, g()):\n    name = 'a'", "b.txt": "Spider"}, ("a",), ""),
        ({"scrapy.cfg": "", "a.py": "class A(make(), Base):\n    name = 'Spider'"}, (), "The project has"),
    ],
)
def test_spiders(files: dict[str, str], spiders: tuple[str, ...], note: str) -> None:
    [found] = frameworks.look(files)
    assert (found.name, found.spiders, found.note[: len(note)]) == ("Scrapy", spiders, note)
    assert bool(found.note) == bool(note)


def test_the_start_of_a_scrapy_project_is_sound_whatever_its_folder() -> None:
    code = frameworks.scrapy_start("it's \\ a folder")
    compile(code, "start", "exec")
    assert "it\\'s" in code or "\"it's" in code
