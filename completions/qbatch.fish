# qbatch completion for fish
function __qbatch_words
    set -l before (commandline -opc)
    _QBATCH_COMPLETE=fish $before[1] $before[2..] (commandline -ct) 2>/dev/null
end
complete -c qbatch -f -a "(__qbatch_words)"
complete -c qbatch -n "not count (__qbatch_words) >/dev/null" -F
