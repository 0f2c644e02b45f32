import {groups, quote} from './completion-bash.ts';
import {type Completes, type CompletionCommand, type CompletionFlag, SHELLS} from './completion-model.ts';
import {FITTING} from './fitting-pods.ts';

/** A zsh completion script, for a directory of `fpath` as `_rkt`. */
export const zshCompletion = (commands: readonly CompletionCommand[], global: readonly CompletionFlag[]): string =>
  `#compdef rkt
# zsh completion of rkt; for example: rkt completion zsh > "\${fpath[1]}/_rkt"

_rkt_ask() {
  local -a found
  found=(\${(f)"$(rkt $_rkt_global __complete $1 2>/dev/null)"})
  compadd -V found -a found
}

_rkt_commands() { compadd ${firstWords(commands)
    .map((word) => quote(word.split(':')[0] ?? ''))
    .join(' ')} }
${Object.keys(FITTING)
  .map((kind) => `_rkt_${kind}() { _rkt_ask ${kind} }`)
  .join('\n')}
_rkt_flavors() { _rkt_ask flavors }
_rkt_images() { _rkt_ask images; _files }

_rkt() {
  local -a _rkt_global flags names
  local word name= kind=nothing
  integer i
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    case $word in
      (--dir=*|--*-config=*) _rkt_global+=($word) ;;
      (-*) ;;
      (*) case $name in (''${groups(commands)
        .map((group) => `|${group}`)
        .join('')}) name="\${name:+$name }$word" ;; esac ;;
    esac
  done
  case $name in
    ('')
      flags=(${global.map(spec).join(' ')})
      names=(${firstWords(commands).map(quote).join(' ')})
      if [[ $words[CURRENT] == -* ]]; then _arguments -S $flags; else _describe command names; fi
      return ;;
${groups(commands)
  .map(
    (group) =>
      `    (${group})\n      names=(${under(commands, group).map(quote).join(' ')})\n      _describe command names\n      return ;;`,
  )
  .join('\n')}
${commands
  .map(({name, flags, completes}) => `    (${quote(name)}) flags=(${flags.map(spec).join(' ')}) kind=${completes} ;;`)
  .join('\n')}
  esac
  _arguments -S $flags "*: :\${_rkt_actions[$kind]}"
}

typeset -gA _rkt_actions=(${Object.entries(ACTIONS)
    .map(([kind, action]) => `${kind} ${quote(action)}`)
    .join(' ')})

_rkt "$@"
`;

const ACTIONS: Readonly<Record<Completes, string>> = {
  commands: '_rkt_commands',
  files: '_files',
  flavors: '_rkt_flavors',
  images: '_rkt_images',
  nothing: ' ',
  pods: '_rkt_pods',
  'pods-exited': '_rkt_pods-exited',
  'pods-idle': '_rkt_pods-idle',
  'pods-prepared': '_rkt_pods-prepared',
  'pods-running': '_rkt_pods-running',
  shells: `(${SHELLS.join(' ')})`,
};

/** A flag as `_arguments` describes it; a repeated one is offered again. */
const spec = ({name, help, takesValue, valueOptional, choices, completes}: CompletionFlag): string => {
  const action = choices.length > 0 ? `(${choices.join(' ')})` : ACTIONS[completes];
  const value = takesValue ? `${valueOptional ? '::' : ':'}${name}:${action}` : '';
  return quote(
    `*--${name}${takesValue ? (valueOptional ? '=-' : '=') : ''}[${help.replace(/[[\]:\\]/g, '\\$&')}]${value}`,
  );
};

const firstWords = (commands: readonly CompletionCommand[]): string[] => {
  const summaries = new Map<string, string>();
  for (const {name, summary} of commands) {
    const [word = '', second] = name.split(' ');
    summaries.set(word, second === undefined ? summary : `commands for ${word}s`);
  }
  return [...summaries].map(([word, summary]) => `${word}:${summary.replaceAll(':', '\\:')}`);
};

const under = (commands: readonly CompletionCommand[], group: string): string[] =>
  commands
    .filter(({name}) => name.startsWith(`${group} `))
    .map(({name, summary}) => `${name.slice(group.length + 1)}:${summary.replaceAll(':', '\\:')}`);
