"""Shell completion with a command in front of the overrides, which Hydra's own doesn't know of."""

import os
import sys


def rewrite(arguments: list[str], commands: list[str]) -> tuple[list[str], bool]:
    """Returns arguments for Hydra's completion, and whether the question was answered here.

    Args:
        arguments: The command line behind the program's name.
        commands: The names of all commands.
    """
    line = os.environ.get("COMP_LINE")
    if line is None:
        return arguments, False
    words = line.split()
    if len(words) < 2 or (len(words) == 2 and not line.endswith(" ")):
        prefix = words[1] if len(words) == 2 else ""
        separator = "\n" if any("fish" in argument for argument in arguments) else " "
        sys.stdout.write(separator.join(name for name in commands if name.startswith(prefix)) + "\n")
        return arguments, True
    if words[1] in commands:
        position = line.index(words[1], len(words[0]))
        os.environ["COMP_LINE"] = line[:position] + line[position + len(words[1]) :].lstrip()
        return [words[1], *arguments], False
    return arguments, False
