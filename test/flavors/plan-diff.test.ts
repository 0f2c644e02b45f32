import {mkdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {env} from 'node:process';
import {openBrowser} from '../helpers/browser.ts';
import {type Host, openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* One pod under two flavors, side by side. */

const diffTest = testIf(lacksPods('program/systemd-nspawn'));

interface Diff {
  readonly flavors: readonly {
    readonly flavor: string;
    readonly runs: boolean;
    readonly refused?: {readonly code: string};
  }[];
  readonly aspects: readonly {
    readonly about: string;
    readonly what: string;
    readonly values: readonly (string | null)[];
    readonly differs: boolean;
    readonly best: readonly (boolean | null)[];
  }[];
  readonly promises: readonly {readonly name: string; readonly verdicts: readonly (string | null)[]}[];
}

const MEASURED = ['time, measured here', 'memory, measured here'] as const;

const plan = (host: Host, ...args: readonly string[]) => host.rkt(['--insecure-options=image', 'plan', ...args]);

const diff = async (host: Host, ...args: readonly string[]): Promise<Diff> => {
  const {stdout, stderr} = await plan(host, '--format=json', ...args);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Diff;
};

const aspect = ({aspects}: Diff, about: string, what: string) =>
  aspects.find((each) => each.about === about && each.what === what);

diffTest(
  'plan --diff tells what an attacker could reach, what the pod costs, and what stays, with each flavor',
  async (t) => {
    const host = openHost();
    t.teardown(() => host.close());
    const image = buildImage();
    const both = await diff(host, '--diff=fly,nspawn', image);
    t.deepEqual(
      both.flavors.map(({flavor, runs}) => [flavor, runs]),
      [
        ['fly', true],
        ['nspawn', true],
      ],
    );
    for (const what of ['processes', 'ipc']) t.deepEqual(aspect(both, 'reach', what)?.best, [false, true], what);
    t.like(aspect(both, 'reach', 'network'), {differs: false, best: [null, null]});
    t.deepEqual(aspect(both, 'costs', 'processes besides the apps')?.best, [true, false]);
    t.deepEqual(aspect(both, 'keeps', 'exit statuses')?.best, [false, true]);
    t.deepEqual(both.promises.find(({name}) => name === 'hostname')?.verdicts, [null, 'enforced']);
    t.true(both.aspects.every(({values}) => values.every((value) => typeof value === 'string' && value !== '')));

    // What the pod asks for is seen: the more that is, the less it can reach.
    const alone = await diff(
      host,
      '--diff=nspawn,fly',
      '--private-users',
      '--net=none',
      '--allow-degraded=user-namespace',
      image,
    );
    t.like(alone.flavors[1], {flavor: 'fly', runs: false, refused: {code: 'RKT_FLAVOR_CANNOT'}});
    t.deepEqual(aspect(alone, 'reach', 'users')?.values, ["none of the host's", null]);
    t.deepEqual(aspect(alone, 'reach', 'network')?.values, ['none', null]);
    t.deepEqual(alone.promises, []);

    const {stdout} = await plan(host, '--diff=fly,nspawn', image);
    t.regex(
      stdout,
      /^what an attacker inside could reach\n(.*\n)* {2}processes\n {4}- fly: .*\n {4}\+ nspawn: the pod's own$/m,
    );
    // What one of them refuses is not told as what both have.
    const refused = await plan(host, '--diff=nspawn,fly', '--hostname=web', image);
    t.regex(refused.stdout, /^flavor fly refuses this pod \(RKT_FLAVOR_CANNOT\)$/m);
    t.regex(refused.stdout, /^ {2}kernel\n {6}nspawn: .*\n {2}users$/m);
    t.deepEqual(host.podDirectories(), {});
  },
);

diffTest('S26 the page of a comparison loads nothing, and what a path says in it is text', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  const evil = path.join(host.directory, '<script>alert(1)<', 'script>"\'&\u202e');
  mkdirSync(evil, {recursive: true});
  const volume = [`--volume=v,kind=host,source=${evil}`, '--mount=volume=v,target=/v'];
  const {stdout, stderr} = await plan(host, '--format=html', '--diff=fly,nspawn', ...volume, buildImage());
  t.regex(stdout, /^<!doctype html>\n/, stderr);
  t.true(stdout.includes('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\ufffd (writable)'));
  t.notRegex(stdout, /<script|\u202e|<link|src=|href=|url\(|https?:/i);
  t.true(stdout.includes('prefers-color-scheme: dark') && stdout.includes('name="viewport"'));
});

interface Looked {
  /** Pixels. */
  readonly width: number;
  readonly shown: number;
  readonly smallest: number;
  /** Of text to what is behind it, the least that there is. */
  readonly contrast: number;
  readonly background: string;
  readonly head: string;
  readonly flavors: number;
}

/** Looks at a page as one who reads it does; it is a text, for it runs in the browser. */
const LOOK = `(() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => numbers(color).slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    return numbers(color)[3] === 0 ? behind(element.parentElement) : color;
  };
  const texts = [...document.body.querySelectorAll('*')].filter((each) =>
    each.checkVisibility() && [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''));
  const contrasts = texts.map((each) => [light(getComputedStyle(each).color), light(behind(each))].sort((a, b) => b - a))
    .map(([brighter, darker]) => (brighter + 0.05) / (darker + 0.05));
  return {
    width: document.documentElement.scrollWidth,
    shown: texts.length,
    smallest: Math.min(...texts.map((each) => parseFloat(getComputedStyle(each).fontSize))),
    contrast: Math.min(...contrasts),
    background: getComputedStyle(document.body).backgroundColor,
    head: getComputedStyle(document.querySelector('thead')).display,
    flavors: [...document.querySelectorAll('td[data-flavor]')]
      .filter((each) => getComputedStyle(each, '::before').content !== 'none').length,
  };
})()`;

testIf(lacksPods('program/systemd-nspawn', 'program/chromium'))(
  'in a browser the page of a comparison can be read, light and dark, on a desk and on a phone',
  async (t) => {
    const host = openHost();
    t.teardown(() => host.close());
    const page = path.join(host.directory, 'diff.html');
    const {stdout, stderr} = await plan(host, '--format=html', '--diff=fly,nspawn', buildImage());
    t.not(stdout, '', stderr);
    writeFileSync(page, stdout);
    const browser = await openBrowser();
    t.teardown(() => browser.close());
    for (const domain of ['Page', 'Network', 'Log']) await browser.send(`${domain}.enable`);
    const backgrounds = new Set<string>();
    for (const scheme of ['light', 'dark']) {
      await browser.send('Emulation.setEmulatedMedia', {features: [{name: 'prefers-color-scheme', value: scheme}]});
      for (const [device, width] of [
        ['desk', 1280],
        ['phone', 360],
      ] as const) {
        const about = `${scheme}, ${device}`;
        const metrics = {width, height: 800, deviceScaleFactor: 1, mobile: device === 'phone'};
        await browser.send('Emulation.setDeviceMetricsOverride', metrics);
        browser.told();
        await browser.send('Page.navigate', {url: `file://${page}`});
        await browser.until('Page.loadEventFired');
        const told = browser.told().map(({method}) => method);
        t.is(told.filter((method) => method === 'Network.requestWillBeSent').length, 1, about);
        t.false(told.includes('Log.entryAdded'), about);
        const {result} = (await browser.send('Runtime.evaluate', {expression: LOOK, returnByValue: true})) as {
          result: {value: Looked};
        };
        const looked = result.value;
        t.true(looked.shown > 50, about);
        t.true(looked.width <= width, `${about}: ${looked.width} pixels wide`);
        t.true(looked.smallest >= 14, `${about}: text of ${looked.smallest} pixels`);
        // WCAG 2, AA.
        t.true(looked.contrast >= 4.5, `${about}: a contrast of ${looked.contrast}`);
        // Without the heads of its columns each value says whose it is.
        t.deepEqual([looked.head === 'none', looked.flavors > 10], [device === 'phone', device === 'phone'], about);
        backgrounds.add(looked.background);
        if (env.RKT_TEST_SCREENSHOTS !== undefined) {
          const {data} = (await browser.send('Page.captureScreenshot', {captureBeyondViewport: true})) as {
            data: string;
          };
          const file = path.join(env.RKT_TEST_SCREENSHOTS, `plan-diff-${scheme}-${device}.png`);
          writeFileSync(file, data, 'base64');
          t.log(file);
        }
      }
    }
    t.is(backgrounds.size, 2);
  },
);

diffTest('what cannot be compared is refused', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  const image = buildImage();
  const code = async (...args: readonly string[]) => (await plan(host, ...args, image)).error?.code;
  t.is(await code('--diff=fly,nowhere'), 'RKT_FLAVOR_NOT_FOUND');
  for (const value of ['fly', 'fly,fly', 'fly,', 'a,b,c,d,e'])
    t.is(await code(`--diff=${value}`), 'RKT_FLAG_VALUE_INVALID', value);
  t.is(await code('--format=html'), 'RKT_FLAG_VALUE_INVALID');
  t.is(await code('--diff=fly,nspawn', '--stage1=fly'), 'RKT_FLAG_CONFLICT');
  t.is(await code('--diff=fly,nspawn', '--explain'), 'RKT_FLAG_CONFLICT');
  // Neither can: it is the error of the first.
  t.is(await code('--diff=nspawn,fly', '--port=web:80'), 'RKT_PORT_UNKNOWN');
});

diffTest('what pods have cost here is told with its date once it has been measured, and never made up', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  const image = buildImage();
  const before = await diff(host, '--diff=fly,nspawn', image);
  for (const what of MEASURED) t.is(aspect(before, 'costs', what), undefined);

  const measured = await host.rkt(['--format=json', 'flavor', 'doctor', '--measure', 'fly']);
  t.is(measured.exitCode, 0, measured.stderr);
  const [costs] = JSON.parse(measured.stdout) as [{milliseconds: number; processes: number; memoryBytes: number}];
  t.true(costs.milliseconds > 0);
  // The app takes the place of rkt.
  t.like(costs, {flavor: {name: 'fly'}, runs: 5, processes: 0, memoryBytes: 0});

  const after = await diff(host, '--diff=fly,nspawn', image);
  for (const what of MEASURED) {
    const {values, best} = aspect(after, 'costs', what) ?? {values: [], best: []};
    t.regex(values[0] ?? '', /^\d.* on \d{4}-\d\d-\d\d$/, what);
    t.deepEqual([values[1], best], ['not measured (rkt flavor doctor --measure nspawn)', [null, null]]);
  }
  t.true(aspect(after, 'costs', 'time, measured here')?.values[0]?.startsWith(`${costs.milliseconds} ms `));
});
