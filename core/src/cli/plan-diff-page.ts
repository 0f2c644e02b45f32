import type {ComparedAspect, ComparedPromise} from '../pod/compose/diff-aspects.ts';
import {ABOUT} from '../pod/compose/plan-aspects.ts';
import {type diffValue, TITLES} from './plan-diff.ts';

type Value = ReturnType<typeof diffValue>;

/** A comparison as one page that loads nothing: what is on it of images and paths is text, and no script runs. */
export const diffPage = (title: string, {flavors, aspects, promises}: Value): string => {
  const names = flavors.map(({flavor}) => flavor);
  const sections = [
    ...ABOUT.map((about) =>
      section(
        TITLES[about],
        names,
        aspects.filter((aspect) => aspect.about === about).map((aspect) => aspectRow(names, aspect)),
      ),
    ),
    ...(promises.length === 0
      ? []
      : [
          section(
            'isolators and features that differ',
            names,
            promises.map((promise) => promiseRow(names, promise)),
          ),
        ]),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${text(`${title}: ${names.join(', ')}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${text(title)}</h1>
<p>The same pod under ${names.map((name) => `<b>${text(name)}</b>`).join(', ')}, as <code>rkt plan --diff</code> tells it of plans and declarations. Times and memory, where there are any, are those that <code>rkt flavor doctor --measure</code> has measured on this host.</p>
${flavors.map(flavorCard).join('\n')}
<p class="legend"><span class="mark best">+ better</span> <span class="mark worse">− less</span></p>
</header>
<main>
${sections.join('\n')}
</main>
</body>
</html>
`;
};

const flavorCard = ({flavor, version, refused}: Value['flavors'][number]): string =>
  refused === undefined
    ? `<p class="flavor"><b>${text(flavor)}</b> ${text(version ?? '')} would run it</p>`
    : `<div class="flavor refused"><b>${text(flavor)}</b> refuses it <code>${text(refused.code)}</code><pre>${text(refused.message)}</pre>${
        refused.hint === undefined ? '' : `<pre>hint: ${text(refused.hint)}</pre>`
      }</div>`;

const section = (title: string, names: readonly string[], rows: readonly string[]): string => `<section>
<h2>${text(title)}</h2>
<table>
<thead><tr><td></td>${names.map((name) => `<th scope="col">${text(name)}</th>`).join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</section>`;

const aspectRow = (names: readonly string[], {what, values, differs, best}: ComparedAspect): string => {
  const [first = null] = values;
  if (!differs && first !== null && !values.includes(null))
    return row(what, false, [`<td colspan="${names.length}">${text(first)}</td>`]);
  const cells = values.map((value, index) => {
    if (value === null) return cell(names[index], 'refused', undefined);
    const isBest = best[index] ?? null;
    return cell(names[index], value, isBest === null ? undefined : isBest ? 'best' : 'worse');
  });
  return row(what, differs, cells);
};

const promiseRow = (names: readonly string[], {name, app, verdicts, how}: ComparedPromise): string =>
  row(
    `${name}${app === null ? '' : ` (${app})`}`,
    true,
    verdicts.map((verdict, index) =>
      cell(names[index], verdict === null ? 'not in question' : `${verdict}: ${how[index] ?? ''}`, undefined),
    ),
  );

const row = (what: string, differs: boolean, cells: readonly string[]): string =>
  `<tr${differs ? ' class="differs"' : ''}><th scope="row">${text(what)}</th>${cells.join('')}</tr>`;

const MARKS = {best: '+', worse: '−'} as const;

const cell = (flavor: string | undefined, value: string, mark: keyof typeof MARKS | undefined): string =>
  `<td data-flavor="${text(flavor ?? '')}">${mark === undefined ? '' : `<span class="mark ${mark}">${MARKS[mark]}</span> `}${text(value)}</td>`;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters, and those that turn the direction of text, are shown as what cannot be (S26). */
const text = (value: string): string =>
  value
    .replace(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}]/gu, '\u{fffd}')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #57606a; --paper: #ffffff; --card: #f3f5f7; --line: #d0d7de; --best: #116329; --worse: #a40e26; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9aa4af; --paper: #0d1117; --card: #161b22; --line: #30363d; --best: #56d364; --worse: #ff8e86; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: .5rem 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
h2::first-letter { text-transform: uppercase; }
code, pre { font: .9em ui-monospace, monospace; } pre { white-space: pre-wrap; margin: .5rem 0 0; }
.flavor { margin: .5rem 0; padding: .5rem .75rem; background: var(--card); border-left: .25rem solid var(--best); }
.refused { border-color: var(--worse); }
.legend { color: var(--dim); }
.mark { font-weight: 700; } .best { color: var(--best); } .worse { color: var(--worse); }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th, td { padding: .5rem .75rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
tbody th { font-weight: 400; color: var(--dim); } .differs th { font-weight: 700; color: var(--ink); }
@media (max-width: 45rem) {
  thead { display: none; }
  table, tbody, tr, th, td { display: block; width: 100%; }
  tr { margin: 0 0 .75rem; padding: .5rem .75rem; background: var(--card); border-radius: .5rem; }
  th, td { padding: .15rem 0; border: 0; }
  td[data-flavor]::before { content: attr(data-flavor) ": "; font-weight: 700; }
}
`;
