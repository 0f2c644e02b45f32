/** A file of the pod's /etc. */
export interface UnitFile {
  /** Relative to the pod's /etc: `systemd/system/app-main.service`, `passwd`. */
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

/** A line of a unit. Values are encoded already. */
export type Setting = readonly [name: string, value: string];

const SYSTEM = 'systemd/system';

type Sections = Readonly<Record<string, readonly Setting[]>>;

/** A unit with these sections; the ones without settings are left out. */
export const unit = (name: string, sections: Sections): UnitFile => ({
  path: `${SYSTEM}/${name}`,
  content: Object.entries(sections)
    .filter(([, settings]) => settings.length > 0)
    .map(([section, settings]) => `[${section}]\n${settings.map((setting) => lineOf(setting)).join('')}`)
    .join('\n'),
  mode: 0o644,
});

const lineOf = ([key, value]: Setting): string => `${key}=${value}\n`;

/** Bytes of a file: a step writes at most twice as many, and a line of systemd has at most that. */
const MAX_FILE = 512 * 1024;

/** {@link unit} of a service, with what does not fit into one file in others, which systemd reads after it in the order of their names. */
export const serviceUnit = (name: string, {Service: settings = [], ...others}: Sections): UnitFile[] => {
  const parts: Setting[][] = [[]];
  let size = 0;
  for (const setting of settings) {
    const bytes = Buffer.byteLength(lineOf(setting));
    if (size > 0 && size + bytes > MAX_FILE) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)?.push(setting);
    size += bytes;
  }
  const [first = [], ...more] = parts;
  return [
    unit(name, {...others, Service: first}),
    ...more.map((part, index) => unit(`${name}.d/${String(index).padStart(4, '0')}.conf`, {Service: part})),
  ];
};
