// SPDX-License-Identifier: Apache-2.0
// node device.mjs URL DID SECRET [protocol version] [certificate]: a device on mqtt.js. It registers on
// every connect, answers every action with success, and does what it reads, one word a line: `renew`,
// `drop` (the cable is pulled; it comes back by itself), `end`. It writes one line of JSON for each
// thing that happens.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import mqtt from 'mqtt';

const [url, did, secret, version = '4', certificate] = process.argv.slice(2);
const say = (what, details = {}) => console.log(JSON.stringify({ what, ...details }));
const client = mqtt.connect(url, {
	clientId: did,
	protocolVersion: Number(version),
	clean: true,
	reconnectPeriod: 200,
	resubscribe: false,
	ca: certificate && readFileSync(certificate),
});

let last = 0;
async function register() {
	last = Math.max(Date.now(), last + 1);
	const sign = createHash('md5').update(`${did}:${secret}:${last}`).digest('hex');
	const message = { did, type: 'register', timestamp: last, sign, data: { model: 'mqtt.js' } };
	await client.publishAsync(`messages/${did}`, JSON.stringify(message), { qos: 1 });
}

client.on('connect', async () => {
	await client.subscribeAsync(`actions/${did}`, { qos: 1 });
	await register();
});
client.on('close', () => say('closed'));
client.on('error', (error) => say('error', { text: String(error) }));
client.on('message', (topic, payload) => {
	const message = JSON.parse(payload);
	if (message.type === 'register') {
		say('registered', { result: message.result });
		return;
	}
	say('action', { message });
	const result = Object.fromEntries(Object.keys(message.data).map((name) => [name, { code: 0 }]));
	client.publish(`messages/${did}`, JSON.stringify({ did, mid: message.mid, type: 'action', result }), { qos: 1 });
});

createInterface({ input: process.stdin }).on('line', async (line) => {
	if (line === 'renew') await register();
	else if (line === 'drop') client.stream.destroy();
	else await client.endAsync();
}).on('close', () => client.end(true));
