# bash breaks words at `:`, `=` and `@` (COMP_WORDBREAKS); hep is asked about whole ones.
_hep() {
    local IFS=$'\013' rest=$COMP_LINE words=() before= at n=-1 index=0 quote=
    for ((at = 0; at < ${#COMP_WORDS[@]}; at++)); do
        local word=${COMP_WORDS[at]} left=
        if ((at == 0)) || [[ $rest == [[:space:]]* ]]; then
            ((++n))
        else
            left=${words[n]}
        fi
        rest=${rest#*"$word"}
        if ((at == COMP_CWORD)); then
            [[ $word == [\"\']* ]] && quote=${word:0:1} word=${word:1}
            # bash puts answers in the place of $2, the end of the word.
            [[ $left$word == *"$2" ]] || left= word=$2
            word=$left$word left= index=$n before=${word%"$2"}
        fi
        words[n]=$left$word
    done
    COMPREPLY=($(_CLAP_IFS="$IFS" _CLAP_COMPLETE_INDEX="$index" _CLAP_COMPLETE_COMP_TYPE="$COMP_TYPE" \
        _CLAP_COMPLETE_SPACE=false _HEP_QUOTE="$quote" HEP_COMPLETE=bash hep -- "${words[@]}")) ||
        COMPREPLY=()
    COMPREPLY=("${COMPREPLY[@]#"$before"}")
    if [[ ${#COMPREPLY[@]} -gt 0 && ${COMPREPLY[0]} == *[=/:] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o bashdefault -o nosort -F _hep hep 2>/dev/null || complete -o bashdefault -F _hep hep
