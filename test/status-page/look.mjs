// Looks at the status page with Chromium, over its debugging pipe, and prints what it saw as JSON.
//
//     node look.mjs CHROMIUM URL [SCREENSHOT.png]
//
// It waits for the page's own signs; whoever runs it bounds its time.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [chromium, url, screenshot] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), 'nano-status-page-'));
const flags = ['--headless=new', '--remote-debugging-pipe', `--user-data-dir=${profile}`, '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking'];
// Chromium's own sandbox does not start as root; the page is nano's.
if (process.getuid() === 0) flags.push('--no-sandbox');
const browser = spawn(chromium, [...flags, 'about:blank'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
const [, , , input, output] = browser.stdio;

let number = 0, rest = '', session;
const waiting = new Map(), seen = { requests: [], console: [] };
let answerStatus = null;

function send(method, params = {}, sessionId = session) {
  number += 1;
  input.write(JSON.stringify({ id: number, method, params, sessionId }) + '\0');
  return new Promise((resolve, reject) => waiting.set(number, { resolve, reject, method }));
}

function on({ method, params }) {
  if (method === 'Network.requestWillBeSent') seen.requests.push(params.request.url);
  if (method === 'Runtime.exceptionThrown') seen.console.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
  if (method === 'Runtime.consoleAPICalled') seen.console.push(params.args.map((each) => each.value).join(' '));
  // A missing favicon is no fault of the page.
  if (method === 'Log.entryAdded' && !params.entry.url?.endsWith('/favicon.ico')) seen.console.push(params.entry.text);
  if (method === 'Fetch.requestPaused') {
    const body = Buffer.from(answerStatus).toString('base64');
    send('Fetch.fulfillRequest', { requestId: params.requestId, responseCode: 200, responseHeaders: [{ name: 'content-type', value: 'application/json' }], body });
  }
}

output.setEncoding('utf8');
output.on('data', (text) => {
  const messages = (rest + text).split('\0');
  rest = messages.pop();
  for (const message of messages.map((each) => JSON.parse(each))) {
    const call = waiting.get(message.id);
    if (!call) { on(message); continue; }
    waiting.delete(message.id);
    if (message.error) call.reject(new Error(`${call.method}: ${message.error.message}`)); else call.resolve(message.result);
  }
});

async function evaluate(expression) {
  const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}

async function until(what, expression) {
  for (;;) {
    if (await evaluate(expression)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function size(width, height) {
  await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
}

async function colours(scheme) {
  await send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
  return evaluate(`[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]`);
}

async function key(name, text) {
  const code = { Tab: 9, Enter: 13 }[name];
  await send('Input.dispatchKeyEvent', { type: 'keyDown', key: name, code: name, windowsVirtualKeyCode: code, text });
  await send('Input.dispatchKeyEvent', { type: 'keyUp', key: name, code: name, windowsVirtualKeyCode: code });
}

// How wide the document is at a width: what is wider scrolls within its own box.
async function widths(list) {
  const found = {};
  for (const width of list) {
    await size(width, 900);
    found[width] = await evaluate('document.scrollingElement.scrollWidth');
  }
  return found;
}

try {
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  session = (await send('Target.attachToTarget', { targetId, flatten: true })).sessionId;
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await send(`${domain}.enable`);
  await size(1100, 1000);
  await send('Page.navigate', { url });
  await until('numbers', `document.querySelectorAll('#apps tr').length > 0 && document.querySelectorAll('#plots polyline').length > 10`);
  seen.texts = await evaluate(`Object.fromEntries(['server', 'apps', 'deaths', 'certificates', 'trouble', 'whose'].map((id) => [id, document.getElementById(id).innerText]))`);
  seen.plots = await evaluate(`[...document.querySelectorAll('#plots svg')].map((each) => each.getAttribute('aria-label'))`);
  seen.light = await colours('light');
  seen.dark = await colours('dark');
  await colours('light');
  seen.widths = await widths([320, 640, 1400]);

  // By keyboard alone: to the first app, and what it shows.
  await size(320, 900);
  for (let presses = 0; presses < 60 && !(await evaluate(`document.activeElement.dataset.app !== undefined`)); presses += 1) await key('Tab');
  seen.focused = await evaluate('document.activeElement.dataset.app ?? null');
  await key('Enter', '\r');
  seen.chosen = await evaluate(`document.getElementById('whose').innerText`);
  seen.stillFocused = await evaluate('document.activeElement.dataset.app ?? null');
  await evaluate(`document.getElementById('all').click()`);

  if (screenshot) {
    await until('a history', `document.querySelectorAll('#plots polyline')[0].getAttribute('points').split(' ').length > 12`);
    await evaluate('document.activeElement.blur()');
    await size(1000, 400);
    const height = await evaluate('document.scrollingElement.scrollHeight');
    const clip = { x: 0, y: 0, width: 1000, height, scale: 1 };
    const picture = await send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true, clip });
    writeFileSync(screenshot, Buffer.from(picture.data, 'base64'));
  }

  // Another server's answer, as a hostile tenant would have it: nothing of it becomes an element or runs.
  const status = await evaluate(`fetch('status.json').then((response) => response.json())`);
  const hostile = '<img src=x onerror="document.title=1"></script><script>document.title=2</script>"\'&\u202e';
  const app = { ...status.apps[0], name: hostile, state: hostile };
  const death = { at: status.at, app: hostile, reason: hostile, how: hostile };
  answerStatus = JSON.stringify({ ...status, apps: [app], deaths: [death], certificates: [{ hostname: hostile, expires: status.at }], v8: hostile });
  await send('Fetch.enable', { patterns: [{ urlPattern: '*status.json*' }] });
  await until('the hostile name', `document.getElementById('apps').textContent.includes('onerror')`);
  await evaluate(`document.querySelector('[data-app]').click()`);
  seen.hostile = await evaluate(`({ elements: document.querySelectorAll('img, main script, table script').length, title: document.title, whose: document.getElementById('whose').textContent })`);
  seen.hostileName = hostile;
  seen.hostileWidth = (await widths([320]))[320];

  // Very many apps.
  const many = Array.from({ length: 4000 }, (_, at) => ({ ...status.apps[0], name: `app-${at}.example.com`, answered: at }));
  answerStatus = JSON.stringify({ ...status, apps: many, uptime_ms: status.uptime_ms + 1e6 });
  await until('many apps', `document.getElementById('count').textContent.includes('4000')`);
  seen.many = await evaluate(`({ rows: document.querySelectorAll('#apps tr').length, elements: document.querySelectorAll('*').length, count: document.getElementById('count').textContent })`);
  console.log(JSON.stringify(seen));
} finally {
  browser.kill('SIGKILL');
  await new Promise((resolve) => browser.once('close', resolve));
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
