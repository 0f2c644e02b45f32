import {type Completes, type CompletionCommand, type CompletionFlag, isAsked, SHELLS} from './completion-model.ts';

/** A fish completion script. */
export const fishCompletion = (commands: readonly CompletionCommand[], global: readonly CompletionFlag[]): string =>
  [
    '# fish completion of rkt; for example: rkt completion fish > ~/.config/fish/completions/rkt.fish',
    '',
    HELPERS,
    'complete -c rkt -f',
    ...global.map((flag) => flagLine(flag, '')),
    ...firstWords(commands).map(
      ([word, summary]) => `complete -c rkt -n '__rkt_at' -a ${quote(word)} -d ${quote(summary)}`,
    ),
    ...commands.flatMap((command) => commandLines(command, global)),
    '',
  ].join('\n');

const HELPERS = `# Whether the words of the command so far are these.
function __rkt_at
    set -l words
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; or set -a words $word
    end
    test "$words" = "$argv"
end

# Whether they begin with these.
function __rkt_in
    set -l words
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; or set -a words $word
    end
    test (count $words) -ge (count $argv); and test "$words[1..$(count $argv)]" = "$argv"
end

function __rkt_ask
    rkt (string match -r -- '^--(?:dir|\\w+-config)=.*' (commandline -opc)) __complete $argv 2>/dev/null
end
`;

const commandLines = (
  {name, summary, flags, completes}: CompletionCommand,
  global: readonly CompletionFlag[],
): string[] => {
  const [word = '', second] = name.split(' ');
  const known = new Set(global.map((flag) => flag.name));
  const action = actionOf(completes);
  return [
    ...(second === undefined ? [] : [`complete -c rkt -n '__rkt_at ${word}' -a ${quote(second)} -d ${quote(summary)}`]),
    ...flags.filter((flag) => !known.has(flag.name)).map((flag) => flagLine(flag, `-n '__rkt_in ${name}' `)),
    ...(action === undefined ? [] : [`complete -c rkt -n '__rkt_in ${name}' ${action}`]),
  ];
};

const actionOf = (completes: Completes): string | undefined => {
  // -k: in the order given, names before IDs.
  if (isAsked(completes)) return `${completes === 'images' ? '-F ' : ''}-k -a '(__rkt_ask ${completes})'`;
  if (completes === 'files') return '-F';
  return completes === 'shells' ? `-a '${SHELLS.join(' ')}'` : undefined;
};

const flagLine = (
  {name, help, takesValue, valueOptional, choices, completes}: CompletionFlag,
  condition: string,
): string => {
  const values = choices.length > 0 ? `-a ${quote(choices.join(' '))}` : (actionOf(completes) ?? '');
  const value = takesValue ? `${valueOptional ? '' : '-r '}${values} ` : '';
  return `complete -c rkt ${condition}-l ${name} ${value}-d ${quote(help)}`.replace(/ {2,}(?=-d)/, ' ');
};

const firstWords = (commands: readonly CompletionCommand[]): [string, string][] => {
  const summaries = new Map<string, string>();
  for (const {name, summary} of commands) {
    const [word = '', second] = name.split(' ');
    summaries.set(word, second === undefined ? summary : `Commands for ${word}s`);
  }
  return [...summaries];
};

/** One word for fish, where a backslash escapes inside quotes too. */
const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
