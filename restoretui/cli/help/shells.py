"""How bash, zsh and fish ask what could be typed next, and what each makes of the answer."""

import os
import re
from typing import Any

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)


class _Bash(BashComplete):
    """bash takes ``:`` and ``=`` for ends of words, as its user has it: only what is behind is replaced.

    So the line is read as a whole, and of each value what stands there already is left out. ``@`` is an end, too, but
    one that stays with what is behind. Behind what ends in ``:``, ``/`` or ``=`` the word goes on. What is put in
    place is put there as it is, so that a name which holds more than a word's letters comes quoted.
    """

    source_template = """\
%(complete_func)s() {
    local type value response
    response=$(env COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_CWORD="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete $1)
    COMPREPLY=()
    while IFS=',' read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done <<< "$response"
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[:/=] ]]; then compopt -o nospace 2>/dev/null; fi
    return 0
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        line, self._breaks = os.environ["COMP_WORDS"], os.environ["COMP_CWORD"]
        self._quote = open_quote(line)
        if self._breaks.isdecimal():  # by the script of an earlier version, which gives words and a number
            self._breaks = self._begun = ""
            return super().get_completion_args()
        words = split_arg_string(line)
        if line[-1:].isspace() or not words:
            words.append("")
        self._begun = words[-1]
        return words[1:-1], words[-1]

    def format_completion(self, item: "CompletionItem[Any]") -> str:
        # Inside of quotes there are no ends.
        ends = [self._begun.rfind(end) for end in self._breaks if end in ":=" and not self._quote]
        there = self._begun[: max(ends, default=-1) + 1]
        value = str(item.value).removeprefix(there)
        return f"{item.type},{quoted(value, self._quote) if item.type == 'plain' else value}"


class _Zsh(ZshComplete):
    """zsh goes on with a word behind what ends in ``:`` or ``/``, and of ``--option=value`` keeps the option."""

    source_template = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local type key about
    local -a response plain open told told_open
    (( $+commands[%(prog_name)s] )) || return 1
    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) %(complete_var)s=zsh_complete \\
        %(prog_name)s)}")
    [[ ${words[CURRENT]} == --*=* ]] && compset -P '*='
    local -a so=(-U -i "$IPREFIX")
    for type key about in ${response}; do
        case $type in
            (dir) _path_files -/ ;;
            (file) _path_files -f ;;
            (plain)
                case $about$key in
                    (_*[:/=]) open+=("$key") ;;
                    (_*) plain+=("$key") ;;
                    (*[:/=]) told_open+=("$key:$about") ;;
                    (*) told+=("$key:$about") ;;
                esac ;;
        esac
    done
    (( $#told )) && _describe -V unsorted told "${so[@]}"
    (( $#told_open )) && _describe -V unsorted told_open "${so[@]}" -S ''
    (( $#plain )) && compadd "${so[@]}" -V unsorted -a plain
    (( $#open )) && compadd "${so[@]}" -V unsorted -S '' -a open
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


class _Fish(FishComplete):
    """fish compares with the whole of ``--option=value``, and takes what is behind the first comma as a help text."""

    source_template = """\
function %(complete_func)s;
    set -l response (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp) COMP_CWORD=(commandline -t) \\
        %(prog_name)s);
    set -l option (string match -r -- '^--[^=]*=' (commandline -t));
    for completion in $response;
        set -l told (string split -m 1 "," $completion);
        switch $told[1];
            case dir;
                for found in (__fish_complete_directories $told[2]); echo "$option$found"; end;
            case file;
                for found in (__fish_complete_path $told[2]); echo "$option$found"; end;
            case plain;
                echo "$option$told[2]";
        end;
    end;
end;

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)";
"""


def open_quote(line: str) -> str:
    """The quote that is open at the end of a line of bash; empty if none is."""
    quote, escaped = "", False
    for letter in line:
        if escaped:
            escaped = False
        elif letter == "\\" and quote != "'":
            escaped = True
        elif letter == quote:
            quote = ""
        elif letter in "'\"" and not quote:
            quote = letter
    return quote


def quoted(text: str, quote: str) -> str:
    """Text as bash reads it behind an open ``quote``, or outside of any."""
    if quote == "'":
        return text.replace("'", "'\\''")
    special = '["$`\\\\]' if quote else r"[^\w@%+=:,./-]"
    return re.sub(special, lambda found: f"\\{found[0]}", text)


CLASSES: dict[str, type[ShellComplete]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}
"""By the shell's name."""
for _shell, _class in CLASSES.items():
    add_completion_class(_class, _shell)
