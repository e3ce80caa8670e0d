// How far each bottleneck moved since the previous picture.

import { postJson } from './api.js';
import { bar, element } from './dom.js';

export async function showMovement(card, run, request, previous, signal) {
  const place = card.querySelector('.moved');
  if (!previous) {
    place.replaceChildren(element('p', { class: 'hint' }, 'Ask again with another picture to see what moves inside.'));
    return;
  }
  const { bottlenecks } = await postJson(`/api/runs/${run.id}/movement`, { ...request, previous: previous.id }, signal);
  place.replaceChildren(...(bottlenecks.length > 0 ? [details(bottlenecks, previous)] : []));
}

function details(bottlenecks, previous) {
  const mean = bottlenecks.reduce((sum, one) => sum + one.cosine_distance, 0) / bottlenecks.length;
  return element('details', { open: bottlenecks.length <= 12 },
    element('summary', {}, `Moved ${mean.toFixed(2)} since “${previous.title}”`),
    element('table', { class: 'movement' },
      element('caption', { class: 'unseen' }, `How far each bottleneck moved since “${previous.title}”`),
      element('thead', {}, element('tr', {}, head('Bottleneck'), head('Moved', 'num'), head('‖x‖ then → now', 'num'))),
      element('tbody', {}, ...bottlenecks.map(row))));
}

const head = (text, kind = null) => element('th', { scope: 'col', class: kind }, text);

function row(one) {
  return element('tr', {},
    element('th', { scope: 'row', title: one.module }, short(one.module)),
    element('td', { class: 'num' }, bar(one.cosine_distance, 'small'), one.cosine_distance.toFixed(3)),
    element('td', { class: 'num' }, `${length(one.previous_norm)} → ${length(one.norm)}`));
}

const length = (value) => value === 0 ? '0' : value.toPrecision(3).replace(/e([+-])/, ' · 10^$1').replace('^+', '^');

// "encoder.layer.3.attention.self.query" is layer 3's query.
function short(module) {
  const parts = module.split('.'), number = parts.findIndex((part) => /^\d+$/.test(part));
  return number < 0 ? module : `${parts[number]} ${parts.slice(number + 1).at(-1) ?? ''}`.trim();
}
