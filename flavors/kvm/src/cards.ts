import type {Pod, Step} from '@rkt/plugin-sdk';
import {optionValue} from './option-value.ts';

/*
 * Network cards: rkt, who is root, opens the taps of a prepared network namespace, and QEMU gets their descriptors. So QEMU and the monitor stay in a network namespace with nothing in it, as
 * users without privileges, and have no /dev/net/tun. A template has no card: a machine with one is booted.
 */

/** Of the first tap in QEMU; guest/monitor.c has it, too. */
const FIRST_DESCRIPTOR = 7;

type Card = NonNullable<Pod['network']['prepared']>['interfaces'][number];

export const cardsOf = ({network}: Pick<Pod, 'network'>): readonly Card[] => network.prepared?.interfaces ?? [];

export const hasCards = (pod: Pick<Pod, 'network'>): boolean => cardsOf(pod).length > 0;

/** Of a card that nobody has given one: the last digits of the UUID as an address that is nobody's product, and the number of the card in its first byte. */
const macOf = ({uuid}: Pick<Pod, 'uuid'>, {mac}: Card, index: number): string => {
  if (mac !== undefined) return mac;
  const [first = '', ...others] = uuid.slice(-12).match(/../g) ?? [];
  const marked = ((Number.parseInt(first, 16) & 0xc0) | (index << 2) | 0x02).toString(16).padStart(2, '0');
  return [marked, ...others].join(':');
};

export const openTaps = ({network: {prepared}}: Pod): Step[] =>
  prepared === undefined
    ? []
    : prepared.interfaces.map(({tap}, index) => ({
        id: `tap.${index}`,
        do: 'tap',
        namespace: prepared.namespace,
        device: tap,
      }));

/** Nothing of it but numbers and addresses: neither the tap nor the card have a name in QEMU. */
export const cardArguments = (pod: Pod): string[] =>
  cardsOf(pod).flatMap((card, index) => [
    ...['-netdev', `tap,id=card-${index},fd=${FIRST_DESCRIPTOR + index}`],
    ...['-device', `virtio-net-device,netdev=card-${index},mac=${optionValue(macOf(pod, card, index))}`],
  ]);

/** What the agent makes of the cards: it finds them by their addresses. */
export const cardLines = (pod: Pod): string[][] =>
  cardsOf(pod).flatMap((card, index) => {
    const {name, mtu, addresses, routes} = card;
    return [
      ['card', name, macOf(pod, card, index), mtu === undefined ? '0' : String(mtu)],
      ...addresses.map((address) => ['address', name, address]),
      ...routes.map(({to, via}) => ['route', name, to, via ?? '']),
    ];
  });
