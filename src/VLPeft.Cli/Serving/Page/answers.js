// A question to every run at once.

import { postJson } from './api.js';
import { bar, byId, cards, element, fill, percent, show } from './dom.js';
import { showMovement } from './movement.js';
import { picture, whenChosen } from './pictures.js';

let asked = null; // the picture of the latest question
let underway = new AbortController();

export function startAsking(runs) {
  byId('ask-section').hidden = false;
  byId('ask').addEventListener('submit', (event) => {
    event.preventDefault();
    ask(runs);
  });
  whenChosen((one) => suggest(one, runs));
}

function suggest(one, runs) {
  const place = byId('suggestions');
  place.replaceChildren(...one.questions.map(({ question }) => {
    const button = element('button', { type: 'button', class: 'chip' }, question);
    button.addEventListener('click', () => {
      byId('question').value = question;
      ask(runs);
    });
    return button;
  }));
  place.hidden = one.questions.length === 0;
}

async function ask(runs) {
  const question = byId('question').value.trim();
  show('ask-problem', !picture() ? 'Choose or upload a picture first.' : !question ? 'Write a question first.' : null);
  if (!picture() || !question)
    return;
  underway.abort();
  underway = new AbortController();
  const { signal } = underway, now = picture(), previous = asked?.id === now.id ? null : asked;
  asked = now;
  const known = now.questions.find((one) => one.question === question)?.answer;
  show('truth', known ? `The data set's answer: ${known}` : null);
  byId('ask-status').textContent = 'Asking …';
  const places = cards(byId('answers'), runs);
  const said = await Promise.all(runs.map((run, index) => one(places[index], run, question, now, previous, signal)));
  if (!signal.aborted)
    byId('ask-status').textContent = [...said, known ? `the data set's answer: ${known}` : null].filter(Boolean).join('; ');
}

const one = (card, run, question, now, previous, signal) => fill(card, run, signal, async (result) => {
  const { answers } = await postJson(`/api/runs/${run.id}/answers`, { picture: now.id, question, top: 5 }, signal);
  result.replaceChildren(table(run, answers));
  await showMovement(card, run, { picture: now.id, text: question }, previous, signal);
  return `${answers[0].answer}, ${percent(answers[0].probability)}`;
});

function table(run, answers) {
  return element('table', { class: 'given' },
    element('caption', { class: 'unseen' }, `Answers of ${run.name}`),
    element('thead', { class: 'unseen' }, element('tr', {}, element('th', { scope: 'col' }, 'Answer'), element('th', { scope: 'col' }, 'Probability'))),
    element('tbody', {}, ...answers.map(({ answer, probability }) => element('tr', {},
      element('th', { scope: 'row' }, answer), element('td', { class: 'num' }, bar(probability, 'wide'), element('span', { class: 'share' }, percent(probability)))))));
}
