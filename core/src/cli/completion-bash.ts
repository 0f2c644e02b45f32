import type {CompletionCommand, CompletionFlag} from './completion-model.ts';
import {SHELLS} from './completion-model.ts';

/** A bash completion script. Needs no bash-completion package. */
export const bashCompletion = (commands: readonly CompletionCommand[], global: readonly CompletionFlag[]): string => {
  const cases = commands.map(
    ({name, flags, completes}) => `    ${quote(name)}) flags=${quote(words(flags))} kind=${completes} ;;`,
  );
  const values = new Map<string, string>();
  for (const flag of [...global, ...commands.flatMap((command) => command.flags)]) {
    if (flag.takesValue) values.set(flag.name, valueCase(flag));
  }
  const consuming = [...values.keys()].filter(
    (name) => !commands.some(({flags}) => flags.some((flag) => flag.name === name && flag.valueOptional)),
  );
  return `# bash completion of rkt; for example: rkt completion bash > /etc/bash_completion.d/rkt

# Names and versions of images are a stranger's: "compgen -W" would expand them.
_rkt_ask() {
  local found
  while IFS= read -r found; do
    [[ -n $found && $found == "$2"* ]] && COMPREPLY+=("$found")
  done <<< "$(rkt "\${_rkt_global[@]}" __complete "$1" 2>/dev/null)"
}

_rkt_kind() {
  case $1 in
    pods*|images|flavors) compopt -o nosort 2>/dev/null; _rkt_ask "$1" "$2" ;;
    commands) COMPREPLY=($(compgen -W ${quote(firstWords(commands).join(' '))} -- "$2")) ;;
    shells) COMPREPLY=($(compgen -W ${quote(SHELLS.join(' '))} -- "$2")) ;;
  esac
  case $1 in
    files|images) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- "$2")) ;;
  esac
}

_rkt_value() {
  case $1 in
${[...values].map(([name, body]) => `    --${name}) ${body} ;;`).join('\n')}
  esac
}

_rkt() {
  local line=\${COMP_LINE:0:COMP_POINT} current previous word name= after= flags= kind=nothing i
  local -a typed _rkt_global=()
  read -ra typed <<< "$line"
  [[ $line == *' ' ]] && typed+=('')
  current=\${typed[\${#typed[@]}-1]}
  previous=\${typed[\${#typed[@]}-2]}
  COMPREPLY=()
  for ((i = 1; i < \${#typed[@]} - 1; i++)); do
    word=\${typed[i]}
    case $word in
      --dir=*|--*-config=*) _rkt_global+=("$word") ;;
      --) after=1 ;;
      ${consuming.map((name) => `--${name}`).join('|')}) ((i++)) ;;
      -*) ;;
      *)
        case $name in
          ''|${groups(commands).map(quote).join('|') || "'-'"}) name="\${name:+$name }$word" ;;
        esac ;;
    esac
  done
  [[ -n $after ]] && { _rkt_kind files "$current"; return; }
  case $name in
    '') flags=${quote(words(global))} kind=commands ;;
${groups(commands)
  .map(
    (group) =>
      `    ${quote(group)}) COMPREPLY=($(compgen -W ${quote(secondWords(commands, group).join(' '))} -- "$current")); return ;;`,
  )
  .join('\n')}
${cases.join('\n')}
  esac
  if [[ $current == --*=* ]]; then
    _rkt_value "\${current%%=*}" "\${current#*=}"
    # "=" divides words where it stands in COMP_WORDBREAKS.
    [[ $COMP_WORDBREAKS == *=* ]] || COMPREPLY=("\${COMPREPLY[@]/#/\${current%%=*}=}")
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
    compopt -o nospace 2>/dev/null
    [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} != *= ]] && compopt +o nospace 2>/dev/null
  else
    case $previous in
      ${consuming.map((name) => `--${name}`).join('|')}) _rkt_value "$previous" "$current" ;;
      *) _rkt_kind "$kind" "$current" ;;
    esac
  fi
}

complete -F _rkt rkt
`;
};

const valueCase = ({choices, completes}: CompletionFlag): string =>
  choices.length > 0 ? `COMPREPLY=($(compgen -W ${quote(choices.join(' '))} -- "$2"))` : `_rkt_kind ${completes} "$2"`;

const words = (flags: readonly CompletionFlag[]): string =>
  flags.map(({name, takesValue, valueOptional}) => `--${name}${takesValue && !valueOptional ? '=' : ''}`).join(' ');

const firstWords = (commands: readonly CompletionCommand[]): string[] => [
  ...new Set(commands.map(({name}) => name.split(' ')[0] ?? '')),
];

/** The first words of commands of two. */
export const groups = (commands: readonly CompletionCommand[]): string[] => [
  ...new Set(commands.flatMap(({name}) => (name.includes(' ') ? [name.split(' ')[0] ?? ''] : []))),
];

const secondWords = (commands: readonly CompletionCommand[], group: string): string[] =>
  commands.flatMap(({name}) => (name.startsWith(`${group} `) ? [name.slice(group.length + 1)] : []));

/** One word for a POSIX shell. */
export const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
