/** The lines that a generated section of a text stands between. */
const begin = (name: string) => `<!-- generated: ${name} (npm run docs) -->`;
const END = '<!-- end of what is generated -->';

/** A text with another body of one of its sections. */
export const withSection = (text: string, name: string, body: string): string => {
  const from = text.indexOf(begin(name));
  const to = text.indexOf(END, from);
  if (from < 0 || to < 0) throw new Error(`there is no section "${begin(name)} … ${END}"`);
  return `${text.slice(0, from + begin(name).length)}\n\n${body}\n\n${text.slice(to)}`;
};
