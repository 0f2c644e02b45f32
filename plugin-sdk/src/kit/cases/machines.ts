import {strict as assert} from 'node:assert';
import type {Case} from '../case.ts';
import {STAYS} from '../forms.ts';
import {read} from '../outside.ts';

/* What a machine of a pod's own has to itself: S32. */

/** Each a line of its name and its value; that of the last is in seconds since 1970. */
const TELLS = `
for name in boot_id uuid; do echo "$name $(cat /proc/sys/kernel/random/$name)"; done
for name in urandom random; do echo "$name $(head -c 24 /dev/$name | base64)"; done
echo "hostname $(cat /proc/sys/kernel/hostname)"
[ ! -s /etc/machine-id ] || echo "machine-id $(cat /etc/machine-id)"
for card in /sys/class/net/*; do case $(cat $card/address 2>/dev/null) in ''|00:00:00:00:00:00) ;; *) echo "card-\${card##*/} $(cat $card/address)";; esac; done
: >/now; echo "time $(stat -c %Y /now)"
`;

const told = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(/^([\w-]+) (\S+)$/gm)].map(([, name = '', value = '']) => [name, value]));

export const machineCases: readonly Case[] = [
  {
    id: 'S32/unique',
    title: 'two machines have no random number, boot id, name or address in common, and know what time it is',
    needs: ['machine/unique'],
    attempt: async (world) => {
      // Clocks of files are some milliseconds behind.
      const before = Math.floor(Date.now() / 1000) - 1;
      const pods = await Promise.all([1, 2].map(() => world.start({script: `${TELLS}${STAYS}`})));
      const [one = new Map<string, string>(), two = new Map<string, string>()] = pods.map(({output}) => told(output()));
      await Promise.all(pods.map((pod) => pod.end()));
      const after = Math.ceil(Date.now() / 1000) + 1;
      for (const name of ['boot_id', 'uuid', 'urandom', 'random', 'hostname', 'time'])
        for (const machine of [one, two]) assert.ok(machine.has(name), `a machine does not tell its ${name}`);
      for (const [name, value] of one)
        if (name !== 'time') assert.notEqual(value, two.get(name), `the ${name} of two machines is the same`);
      const ofHost = read('/proc/sys/kernel/random/boot_id').trim();
      for (const machine of [one, two]) {
        assert.notEqual(machine.get('boot_id'), ofHost, 'the boot_id of a machine is that of the host');
        const time = Number(machine.get('time'));
        assert.ok(time >= before && time <= after, `it is ${time} in a machine, and not from ${before} to ${after}`);
      }
    },
  },
];
