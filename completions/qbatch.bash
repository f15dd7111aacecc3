# qbatch completion for bash
_qbatch() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("${line%%$'\t'*}")
    done < <(_QBATCH_COMPLETE=bash "$1" "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
# "filenames" has bash quote what needs it; "default" completes files where nothing fits.
complete -o default -o filenames -F _qbatch qbatch
