"""The completion scripts of the shells: each asks `qbatch.cli.completion` and quotes the answer."""

from __future__ import annotations

BASH = r"""# qbatch completion for bash
_qbatch() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("${line%%$'\t'*}")
    done < <(_QBATCH_COMPLETE=bash "$1" "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
# "filenames" has bash quote what needs it; "default" completes files where nothing fits.
complete -o default -o filenames -F _qbatch qbatch
"""

ZSH = r"""#compdef qbatch
# qbatch completion for zsh
_qbatch() {
    local line
    local -a values texts
    while IFS= read -r line; do
        values+=("${line%%$'\t'*}")
        texts+=("${line%%$'\t'*}  ${line#*$'\t'}")
    done < <(_QBATCH_COMPLETE=zsh "${words[1]}" "${(@)words[2,CURRENT]}" 2>/dev/null)
    if (( $#values )); then
        compadd -l -d texts -a values
    else
        _files
    fi
}
if [[ "$funcstack[1]" == "_qbatch" ]]; then
    _qbatch "$@"
else
    compdef _qbatch qbatch
fi
"""

FISH = r"""# qbatch completion for fish
function __qbatch_words
    set -l before (commandline -opc)
    _QBATCH_COMPLETE=fish $before[1] $before[2..] (commandline -ct) 2>/dev/null
end
complete -c qbatch -f -a "(__qbatch_words)"
complete -c qbatch -n "not count (__qbatch_words) >/dev/null" -F
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
