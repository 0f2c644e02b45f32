/** A file of the pod's /etc. */
export interface UnitFile {
  /** Relative to the pod's /etc: `systemd/system/app-main.service`, `passwd`. */
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

/** A line of a unit. Values are encoded already. */
export type Setting = readonly [name: string, value: string];

export const SYSTEM = 'systemd/system';

/** A unit with these sections; the ones without settings are left out. */
export const unit = (name: string, sections: Readonly<Record<string, readonly Setting[]>>): UnitFile => ({
  path: `${SYSTEM}/${name}`,
  content: Object.entries(sections)
    .filter(([, settings]) => settings.length > 0)
    .map(([section, settings]) => `[${section}]\n${settings.map(([key, value]) => `${key}=${value}\n`).join('')}`)
    .join('\n'),
  mode: 0o644,
});
