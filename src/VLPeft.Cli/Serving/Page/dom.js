// Elements are made here and text is only ever text, so nothing from data can become markup.

export const byId = (id) => document.getElementById(id);

export function element(name, attributes = {}, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== null && value !== false)
      made.setAttribute(key, value === true ? '' : value);
  made.append(...content.filter((part) => part !== null));
  return made;
}

export function show(id, text) {
  const place = byId(id);
  place.textContent = text ?? '';
  place.hidden = !text;
}

export const percent = (share) => `${(100 * share).toFixed(1)}\u202F%`;

// A bar of a share 0 … 1. The policy forbids style attributes in markup, not styles that a script sets.
export function bar(share, kind) {
  const inner = element('span', { class: 'fill' });
  inner.style.inlineSize = `${100 * Math.min(1, Math.max(0, share))}%`;
  return element('span', { class: `bar ${kind}`, 'aria-hidden': 'true' }, inner);
}

// A card for each run, in the runs' order, empty until its result is there.
export function cards(place, runs) {
  place.replaceChildren(...runs.map((run, index) => element('article', { class: `panel card s${index % 7}`, 'aria-labelledby': `${place.id}-${run.id}`, 'data-run': run.id, 'aria-busy': 'true' },
    element('h3', { id: `${place.id}-${run.id}` }, element('span', { class: 'dot', 'aria-hidden': 'true' }), run.name),
    element('p', { class: 'hint' }, `${run.method}, r = ${run.rank}, routing ${run.routing}`),
    element('div', { class: 'result' }, element('p', { class: 'hint' }, 'waiting …')),
    element('div', { class: 'moved' }))));
  return [...place.children];
}

// Fills a run's card, also with what goes wrong, unless something else was asked meanwhile; gives what a screen reader is told.
export async function fill(card, run, signal, work) {
  const result = card.querySelector('.result');
  try {
    return `${run.name}: ${await work(result)}`;
  } catch (error) {
    if (!signal.aborted)
      result.replaceChildren(element('p', { class: 'problem' }, error.message));
    return `${run.name}: ${error.message}`;
  } finally {
    card.setAttribute('aria-busy', 'false');
  }
}
