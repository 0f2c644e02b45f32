import type {UnitFile} from '@rkt/plugin-sdk';

/** Has the pod's systemd start a unit with the pod. */
export const wantedByDefault = (name: string): UnitFile => ({
  path: `systemd/system/default.target.d/${name}.conf`,
  content: `[Unit]\nWants=${name}\n`,
  mode: 0o644,
});
