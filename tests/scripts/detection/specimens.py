"""Scripts as people write them, each with its own way to read a command line."""

ARGPARSE = """
import argparse as ap
from pathlib import Path
FORMATS = ["jpeg", "png"]

def main():
    parser = ap.ArgumentParser()
    parser.add_argument("source", type=ap.FileType("r"), help="what to read")
    parser.add_argument("-s", "--max-size", type=int, default=800, help="in pixels (%(default)s)")
    parser.add_argument("--format", choices=FORMATS, default="png")
    parser.add_argument("--ratio", type=float, required=True)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--no-cache", dest="cache", action="store_false")
    parser.add_argument("--colour", action=ap.BooleanOptionalAction, default=True)
    parser.add_argument("-v", action="count", default=0)
    parser.add_argument("--tag", action="append")
    parser.add_argument("--sizes", nargs="+", type=int)
    group = parser.add_argument_group("secret")
    group.add_argument("--api-token")
    parser.add_argument("--home", default=Path.home())
    parser.add_argument("--version", action="version", version="1")
    args = parser.parse_args()
    import json, os
    found = {k: v.name if hasattr(v, "name") else str(v) if isinstance(v, Path) else v for k, v in vars(args).items()}
    print(json.dumps(found, default=str))

main()
"""
CLICK = '''
import click

@click.group()
@click.option("--debug/--no-debug", default=False)
def cli(debug):
    """Everything."""

@cli.command("copy-files")
@click.argument("source")
@click.argument("targets", nargs=-1, required=True)
@click.option("--mode", type=click.Choice(["fast", "safe"]), default="safe", help="How.")
@click.option("--depth", type=click.IntRange(1, 9), default=3)
@click.option("--ignore", multiple=True)
@click.option("--password", prompt=True, hide_input=True)
def copy_files(**given):
    print(given)

@cli.command()
@click.option("--count", "-c", default=1)
def list_files(count):
    print(count)

cli()
'''
TYPER = """
from enum import Enum
from typing import Annotated, List, Optional
import typer

app = typer.Typer()

class Colour(str, Enum):
    red = "red"
    blue = "blue"

@app.command()
def main(
    name: str,
    size: Annotated[int, typer.Option("--size", "-s", min=1, max=9, help="How large.")] = 5,
    colour: Colour = Colour.blue,
    fast: bool = False,
    tags: Optional[List[str]] = None,
    ratio: float = typer.Option(..., help="Needed."),
    files: Annotated[Optional[List[str]], typer.Argument()] = None,
):
    print(name)

app()
"""
COMMANDER = """
const { program, Option } = require('commander')
program
  .argument('<source>', 'what to read')
  .option('-d, --debug', 'say more')
  .option('-s, --size <number>', 'how large', parseInt, 5)
  .requiredOption('--region <name>', 'where')
  .option('--no-cache', 'afresh')
  .option('--tags <names...>', 'several')
  .addOption(new Option('--drink <kind>', 'which').choices(['tea', 'coffee']).default('tea'))
program.parse()
console.log(JSON.stringify(program.opts()), program.args)
"""
YARGS = """
import yargs from 'yargs'
const argv = yargs(process.argv.slice(2))
  .option('size', { alias: 's', type: 'number', default: 5, describe: 'how large' })
  .option('verbose', { type: 'boolean' })
  .options({ format: { choices: ['a', 'b'], demandOption: true } })
  .array('none').option('tag', { array: true })
  .argv
console.log(process.env.API_TOKEN, process.env.MODE ?? 'fast')
"""
GETOPTS = """
set -u
while getopts "s:vh" opt; do
  case "$opt" in
    s) SIZE="$OPTARG" ;;
    v) VERBOSE=1 ;;
    h) exit 0 ;;
  esac
done
echo "${SIZE:-none} ${VERBOSE:-0} ${REGION:?a region is needed} ${MODE:-fast}"
"""
CASES = """
while [[ $# -gt 0 ]]; do
  case "$1" in
    -s|--size) SIZE="$2"; shift 2 ;;
    --force) FORCE=yes; shift ;;
    *) shift ;;
  esac
done
echo "${SIZE-} ${FORCE-}"
"""
