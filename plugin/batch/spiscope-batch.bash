# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion of spiscope-batch(1)
_spiscope_batch() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}

    case $before in
    -o | --output)
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        return ;;
    -j | --jobs | --tshark)
        COMPREPLY=()
        return ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--output --jobs --files-from --resume --sshloginfile --tshark --merge --filters --version --help" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
} && complete -o filenames -F _spiscope_batch spiscope-batch
