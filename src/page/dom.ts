/// <reference lib="dom" />

/**
 * An element of the page by its id.
 *
 * @throws {Error} if index.html has none
 */
export function element<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as T;
}

/** Sets the text of an element, and leaves alone what reads so already: a screen reader would repeat it. */
export function say(id: string, text: string): void {
  const place = element(id);
  if (place.textContent !== text) place.textContent = text;
}

/** Shows or hides an element. */
export function show(id: string, visible: boolean): void {
  element(id).hidden = !visible;
}

/** The digits of a port apart, so that a screen reader does not make it forty-nine thousand. */
export function spelled(port: number): string {
  return [...String(port)].join(" ");
}
