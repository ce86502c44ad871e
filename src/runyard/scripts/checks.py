"""Whether definitions and requirements make sense, checked at every save. Pure."""

import re
from collections.abc import Mapping, Sequence

from runyard.environments import wants
from runyard.environments.failures import RequirementMalformed
from runyard.errors import FieldError
from runyard.scripts import parameters, patterns
from runyard.scripts.definitions import CHOICES, FILES, LISTS, MASK, TEXTS, Definition, ParameterType, Style
from runyard.scripts.validation import multiple
from runyard.secrets import reserved

Finding = tuple[str, str, str]
"""(attribute, code, sentence)"""

_TYPED: tuple[tuple[str, frozenset[ParameterType], str], ...] = (
    ("min", frozenset({ParameterType.number}), "numbers"),
    ("max", frozenset({ParameterType.number}), "numbers"),
    ("step", frozenset({ParameterType.number}), "numbers"),
    ("min_length", TEXTS, "texts"),
    ("max_length", TEXTS, "texts"),
    ("regex", TEXTS, "texts"),
    ("options", CHOICES | LISTS, "choices"),
    ("max_size_mb", FILES, "files"),
    ("extensions", FILES, "files"),
)

_FLAG = re.compile(r"--?[A-Za-z0-9?@][A-Za-z0-9._:-]*", re.ASCII)
_FLAGGED = frozenset({Style.option, Style.pair, Style.switch, Style.times, Style.repeat})
_BARE = frozenset({Style.command, Style.positional, Style.position})
_FITTING: dict[Style, frozenset[ParameterType]] = {
    Style.switch: frozenset({ParameterType.switch}),
    Style.times: frozenset({ParameterType.number}),
    Style.repeat: LISTS | {ParameterType.textarea, ParameterType.json},
    Style.spread: LISTS | {ParameterType.textarea, ParameterType.json},
    Style.command: CHOICES | {ParameterType.text},
}
WITH_HIDDEN_ARGUMENTS = frozenset({"python", "javascript"})
"""Languages whose command line can be completed within the process, where nobody else sees it."""


def findings(
    definitions: Sequence[Definition] | Mapping[int, Definition], language: str, place: str = "parameters"
) -> list[FieldError]:
    """Return what is wrong with `definitions`, as fields below `place` (``parameters.0.key``); empty if nothing is.

    A mapping holds some of them by their number.
    """
    errors: list[FieldError] = []
    seen: set[str] = set()
    numbered = definitions.items() if isinstance(definitions, Mapping) else enumerate(definitions)
    for index, definition in numbered:
        found = _findings(definition, language)
        if definition.key in seen:
            found.insert(0, ("key", "duplicate", f"There is another parameter {definition.key}."))
        seen.add(definition.key)
        errors += [FieldError(f"{place}.{index}.{attribute}", message, code) for attribute, code, message in found]
    return errors


def unfit_requirements(
    language: str, requirements: Sequence[str], place: str = "", *, package_manager: str = ""
) -> list[FieldError]:
    """Return which requirements can't be ones, as fields (``requirements.0``); whether they exist, a build shows."""
    try:
        if language == "python" and package_manager == "conda":
            wants.normal_conda(requirements)
        elif language == "python":
            wants.normal_python(requirements)
        elif language == "javascript":
            wants.normal_npm(requirements)
    except RequirementMalformed as error:
        return [FieldError(f"{place}{field.field}", field.message, "requirement") for field in error.fields]
    return []


def _findings(definition: Definition, language: str) -> list[Finding]:
    found: list[Finding] = []
    refused = reserved.refusal(definition.key, language)
    if refused is not None:
        found.append(("key", *refused))
    found += [
        (attribute, "nul", "NUL characters can't be kept.")
        for attribute in ("label", "help", "placeholder", "regex")
        if "\0" in (getattr(definition, attribute) or "")
    ]
    for attribute, kinds, owners in _TYPED:
        if definition.type not in kinds and getattr(definition, attribute) not in (None, ()):
            found.append((attribute, "not_applicable", f"Only {owners} have this."))
    if not found:
        found = [*_numbers(definition), *_texts(definition), *_options(definition), *_argument(definition, language)]
    # A default can only be judged by rules that hold together.
    return found or _default(definition)


def _numbers(definition: Definition) -> list[Finding]:
    found: list[Finding] = []
    if definition.min is not None and definition.max is not None and definition.min > definition.max:
        found.append(("max", "bounds", "The largest value is below the smallest."))
    if definition.step is not None:
        if definition.step <= 0:
            found.append(("step", "bounds", "A step is larger than 0."))
        elif definition.min is not None and not multiple(definition.min, definition.step):
            found.append(
                ("min", "step", "Steps are counted from 0: the smallest value must be a multiple of the step.")
            )
    return found


def _texts(definition: Definition) -> list[Finding]:
    found: list[Finding] = []
    if None not in (definition.min_length, definition.max_length) and definition.min_length > definition.max_length:  # type: ignore[operator]
        found.append(("max_length", "bounds", "The greatest length is below the least."))
    if definition.max_length == 0:
        found.append(("max_length", "bounds", "A text of at most 0 characters can't be given."))
    if definition.regex is not None:
        try:
            patterns.demand(definition.regex)
        except patterns.BadPattern as error:
            found.append(("regex", "regex", str(error)))
    return found


def _options(definition: Definition) -> list[Finding]:
    if definition.type not in CHOICES | LISTS:
        return []
    if not definition.options:
        return [("options", "required", "At least one option is needed.")]
    found: list[Finding] = []
    seen: set[str] = set()
    for index, option in enumerate(definition.options):
        if "\0" in option.value + option.label:
            found.append((f"options.{index}", "nul", "NUL characters can't be kept."))
        if option.value in seen:
            found.append((f"options.{index}.value", "duplicate", "There is another option with that value."))
        seen.add(option.value)
    return found


def _argument(definition: Definition, language: str) -> list[Finding]:
    argument = definition.argument
    if argument is None:
        return []
    found: list[Finding] = []
    if definition.secret and language not in WITH_HIDDEN_ARGUMENTS:
        found.append(
            (
                "argument",
                "secret",
                "Every user of the machine can read a shell's command line: read the variable instead.",
            )
        )
    for name, flag in (("flag", argument.flag), ("off", argument.off)):
        if flag and not _FLAG.fullmatch(flag):
            found.append((f"argument.{name}", "flag", "A flag is written like --size or -s."))
    if argument.style in _FLAGGED and not (argument.flag or argument.off):
        found.append(("argument.flag", "required", "A flag is needed."))
    if argument.style in _BARE and argument.flag:
        found.append(("argument.flag", "not_applicable", "This is told by its place, not by a flag."))
    if argument.off and argument.style is not Style.switch:
        found.append(("argument.off", "not_applicable", "Only switches have this."))
    fitting = _FITTING.get(argument.style)
    if fitting is not None and definition.type not in fitting:
        found.append(("argument.style", "not_applicable", f"This style is for {', '.join(sorted(fitting))}."))
    if argument.command.startswith("-") or not argument.command.isprintable():
        found.append(("argument.command", "flag", "The name of a sub-command does not begin with a hyphen."))
    return found


def _default(definition: Definition) -> list[Finding]:
    if definition.default is None:
        return []
    if definition.secret and definition.default == MASK:
        return [("default", "masked", "*** keeps a default that is set, and there is none under this key.")]
    if definition.type in FILES:
        return [("default", "not_applicable", "A file comes with each run: it has no default.")]
    bare = definition.model_copy(update={"default": None})
    return [
        ("default", error.code, error.message)
        for error in parameters.problems((bare,), {definition.key: definition.default})
    ]
