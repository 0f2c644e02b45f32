/** No kernel has more processors or memory nodes. */
const MOST = 8192;
const RANGE = /^(\d{1,4})(?:-(\d{1,4}))?$/;

/** Reads a list as in cpuset(7), "List format": `0-2,5` is 0, 1, 2, 5. `undefined` for what is none, or not ascending. */
export const parseNumberList = (text: string): number[] | undefined => {
  const numbers: number[] = [];
  for (const part of text.split(',', MOST)) {
    const [, first, last = first] = RANGE.exec(part) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (!(from <= to && to < MOST && from > (numbers.at(-1) ?? -1))) return undefined;
    for (let number = from; number <= to; number++) numbers.push(number);
  }
  return numbers;
};
