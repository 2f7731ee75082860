/** The scripts know nothing of rebootd: they pass the words that were typed to `__complete`, and show its answer. */

/** Words are taken from the line, as bash splits them at `=`, `:` and `@` too. */
const bash = `# bash completion for rebootd. Load it with: source <(rebootd completion bash)
_rebootd() {
  local words current=\${COMP_WORDS[COMP_CWORD]} typed lines line offered
  read -ra words <<<"\${COMP_LINE:0:COMP_POINT}"
  [[ \${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]] && words+=("")
  [[ $current == [=:@] ]] && current=''
  typed=\${words[\${#words[@]}-1]}
  [[ $typed == --*=* ]] && typed=\${typed#*=}
  mapfile -t lines < <("\${words[0]/#\\~/$HOME}" __completeNoDesc "\${words[@]:1}" 2>/dev/null)
  COMPREPLY=()
  [ "\${#lines[@]}" -gt 0 ] || return
  if [ "\${lines[\${#lines[@]}-1]}" = :0 ]; then
    compopt -o default
    return
  fi
  for line in "\${lines[@]:0:\${#lines[@]}-1}"; do
    offered=\${line:\${#typed}-\${#current}}
    COMPREPLY+=("$(printf %q "$offered")")
  done
}
complete -F _rebootd rebootd kubectl-rebootd
`;

const zsh = `#compdef rebootd kubectl-rebootd
# zsh completion for rebootd. Load it with: source <(rebootd completion zsh)
_rebootd() {
  local -a lines offered
  local line tab=$'\\t'
  lines=("\${(@f)$("\${words[1]/#\\~/$HOME}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  [[ $PREFIX == --*=* ]] && compset -P '*='
  if [[ \${lines[-1]} == :0 ]]; then
    _files
    return
  fi
  for line in "\${(@)lines[1,-2]}"; do
    [[ -n $line ]] || continue
    line=\${line//:/\\\\:}
    offered+=("\${line/$tab/:}")
  done
  _describe -V rebootd offered
}
if [[ $funcstack[1] == _rebootd ]]; then
  _rebootd "$@"
elif (( $+functions[compdef] )); then
  compdef _rebootd rebootd kubectl-rebootd
fi
`;

const fish = `# fish completion for rebootd. Load it with: rebootd completion fish | source
function __rebootd_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    set -l prefix (string match -r -- '^--[^=]+=' "$current")
    if test "$lines[-1]" = :0
        __fish_complete_path (string replace -- "$prefix" '' "$current")
        return
    end
    for line in $lines[1..-2]
        echo -- "$prefix$line"
    end
end
for name in rebootd kubectl-rebootd
    complete -c $name -f -a '(__rebootd_complete)'
end
`;

/** A completion script for each shell. */
export const scripts = { bash, zsh, fish } as const;

export type Shell = keyof typeof scripts;
