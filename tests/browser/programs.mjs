// SPDX-License-Identifier: Apache-2.0
// Starts and ends the real programs: one vigild on free ports in a scratch folder, and cameras.
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const START_MS = 15000;
const END_MS = 15000;

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Asks until `ask` answers something true; `what` names it when it never does. */
export async function until(what, ask, limitMs = 15000, everyMs = 100) {
	const end = Date.now() + limitMs;
	for (;;) {
		const answer = await ask();
		if (answer) return answer;
		if (Date.now() > end) throw new Error(`${what}: not within ${limitMs} ms`);
		await sleep(everyMs);
	}
}

function program(name) {
	const folder = resolve(root, process.env.VIGIL_BUILD ?? 'build/src/programs');
	const path = [join(folder, name), join(folder, 'src/programs', name)].find(existsSync);
	if (!path) throw new Error(`${join(folder, name)} is not there; build first, or set VIGIL_BUILD`);
	return path;
}

function start(name, flags, log) {
	const child = spawn(program(name), flags, { stdio: ['ignore', 'pipe', 'pipe'] });
	const out = createWriteStream(log, { flags: 'a' });
	child.stdout.pipe(out, { end: false });
	child.stderr.pipe(out, { end: false });
	child.over = new Promise((done) => child.on('exit', (code, signal) => {
		out.end(`${name} ended with ${code ?? signal}\n`);
		done(code ?? signal);
	}));
	return child;
}

async function end(child) {
	if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
	child.kill('SIGTERM');
	const late = setTimeout(() => child.kill('SIGKILL'), END_MS);
	const code = await child.over;
	clearTimeout(late);
	return code;
}

export class Server {
	constructor(folder) {
		this.data = join(folder, 'data');
		this.log = join(folder, 'vigild.log');
		this.ready = join(folder, 'ready.json');
		this.endpoints = { http: '127.0.0.1:0', rtmp: '127.0.0.1:0', mqtt: '127.0.0.1:0' };
	}

	/** The first start takes free ports; every later one the same ports again. */
	async start() {
		rmSync(this.ready, { force: true });
		const { http, rtmp, mqtt } = this.endpoints;
		this.child = start('vigild', ['--data', this.data, '--http', http, '--rtmp', rtmp, '--mqtt', mqtt, '--s3', '',
			'--ready-file', this.ready], this.log);
		const urls = await until('vigild is ready', () => {
			if (this.child.exitCode !== null)
				throw new Error(`vigild ended with ${this.child.exitCode}:\n${readFileSync(this.log, 'utf8')}`);
			return existsSync(this.ready) && JSON.parse(readFileSync(this.ready, 'utf8'));
		}, START_MS);
		this.http = urls.http;
		for (const name of ['http', 'rtmp', 'mqtt']) this.endpoints[name] = new URL(urls[name]).host;
	}

	stop() {
		return this.child ? end(this.child) : undefined;
	}

	/** The one-time link that this start wrote. */
	firstLink() {
		return readFileSync(join(this.data, 'sign-in.url'), 'utf8').trim();
	}

	async call(method, path, body, type = 'application/json') {
		const token = readFileSync(join(this.data, 'admin.token'), 'utf8').trim();
		const answer = await fetch(this.http + path, {
			method,
			headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': type } : {}) },
			...(body ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
		});
		const text = await answer.text();
		if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
		return text ? JSON.parse(text) : undefined;
	}

	importCsv(csv) {
		return this.call('POST', '/v2/devices:import', csv, 'text/csv');
	}

	async signInLink() {
		return (await this.call('POST', '/v2/sign-in-links', {})).url;
	}
}

export class Camera {
	/** `flags` are more of vigil-cam's own, such as a fault. */
	constructor(server, device, folder, flags = []) {
		this.server = server;
		this.device = device;
		this.folder = folder;
		this.flags = flags;
	}

	async start() {
		const { did, secret } = this.device;
		this.child = start('vigil-cam', ['--mqtt', this.server.endpoints.mqtt, '--did', did, '--secret', secret,
			'--state', join(this.folder, `cam-${did}`), ...this.flags], join(this.folder, `cam-${did}.log`));
		await this.isOnline();
	}

	isOnline(limitMs = 15000) {
		const path = `/v2/devices/${encodeURIComponent(this.device.did)}`;
		return until(`${this.device.did} is on line`,
			async () => (await this.server.call('GET', path)).presence.online, limitMs);
	}

	stop() {
		return this.child ? end(this.child) : undefined;
	}
}

/** Pushes a clip of that codec to `name` by a program in Python; give it the same stop() as a camera's. */
export async function push(server, name, kind) {
	const child = spawn('/usr/bin/python3', ['-m', 'harness.push_enhanced', server.endpoints.rtmp, name, kind],
		{ cwd: join(root, 'tests/e2e'), stdio: ['pipe', 'pipe', 'inherit'] });
	child.over = new Promise((done) => child.on('exit', (code, signal) => done(code ?? signal)));
	const said = await Promise.race([new Promise((heard) => child.stdout.once('data', heard)),
		child.over]);
	if (String(said).trim() !== 'NetStream.Publish.Start') throw new Error(`the push was answered with ${said}`);
	return {
		stop() {
			child.stdin.end();
			return child.over;
		},
	};
}
