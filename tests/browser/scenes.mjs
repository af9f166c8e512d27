// SPDX-License-Identifier: Apache-2.0
// What several tests need before they begin: a camera with recordings, viewers, a quiet stream.
import { sleep, until } from './programs.mjs';

export function act(stage, did, data) {
	return stage.server.call('POST', `/v2/devices/${encodeURIComponent(did)}/actions`, { data });
}

/** Cameras of one program that share their picture; answers their dids when all are on line. */
export async function fleet(stage, prefix, count) {
	const dids = Array.from({ length: count }, (_, i) => `${prefix}${String(i + 1).padStart(4, '0')}`);
	const rows = dids.map((did) => `${did},secret-of-${did},${did},camera`);
	await stage.server.importCsv(`did,secret,name,kind\n${rows.join('\n')}\n`);
	const cameras = stage.actor({ did: prefix, secret: 'secret-of-%s' }, ['--count', String(count)]);
	const isOnline = async (did) => (await stage.server.call('GET', `/v2/devices/${did}`)).presence.online;
	cameras.isOnline = () => until('all are on line', async () => (await Promise.all(dids.map(isOnline))).every(Boolean));
	await cameras.start();
	return dids;
}

async function recordings(stage, did) {
	const now = Date.now();
	const answer = await act(stage, did, { segment: { find: { start: now - 86400000, end: now + 60000, channel: 1, stream: 0 } } });
	return answer.result.segment.find.segments;
}

/** A camera that recorded for `ms`; answers it with its recordings. */
export async function recorded(stage, name, ms) {
	const camera = await stage.camera(name);
	const { did } = camera.device;
	await act(stage, did, { write: { config: { 'storage.mode': 'continuous' } } });
	await sleep(ms);
	await act(stage, did, { write: { config: { 'storage.mode': 'triggered' } } });
	const segments = await until('something is recorded', async () => {
		const found = await recordings(stage, did);
		return found.length && found;
	});
	return { ...camera, camera, device: camera.device, segments };
}

/** The row of a stream, or undefined while there is none. */
export async function streamOf(stage, key) {
	const { items } = await stage.server.call('GET', '/v2/streams');
	return items.find((stream) => (stream.key ?? stream.did) === key);
}
