// SPDX-License-Identifier: Apache-2.0
// The one place that speaks HTTP to the server. Failures are always a Problem.
import type { ActionAnswer, Device, ImportAnswer, NewDevice, Page, ServerEvent, Session, Still, StoredFile, Stream }
	from './types';

export const REQUEST_TIMEOUT_MS = 20000;

/** A failure with the server's stable name; `away` (status 0) when there was no answer at all. */
export class Problem extends Error {
	constructor(
		readonly problem: string,
		readonly status: number,
		readonly detail: string,
		readonly code: number | null = null,
		readonly field: string | null = null,
	) {
		super(`${problem}: ${detail}`);
	}
}

/** Reads a problem document; anything else (a proxy's page) becomes `internal` with its status. */
export function problemFrom(status: number, body: unknown): Problem {
	const document = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
	const type = typeof document.type === 'string' ? document.type : '';
	const words = [document.detail, document.title].find((part) => typeof part === 'string' && part);
	return new Problem(
		/^\/problems\/([a-z0-9-]+)$/.exec(type)?.[1] ?? (status === 401 ? 'unauthenticated' : 'internal'),
		status,
		(words as string | undefined) ?? `HTTP ${status}`,
		typeof document.code === 'number' ? document.code : null,
		typeof document.field === 'string' ? document.field : null,
	);
}

async function bodyOf(answer: Response): Promise<unknown> {
	const text = await answer.text();
	if (!/json/.test(answer.headers.get('content-type') ?? '')) return text;
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}

interface Sent {
	body?: string;
	type?: string;
	/** A guest's token; everybody else has a cookie. */
	token?: string | undefined;
}

function headersOf(sent: Sent): Record<string, string> {
	return {
		...(sent.body === undefined ? {} : { 'content-type': sent.type ?? 'application/json' }),
		...(sent.token ? { authorization: `Bearer ${sent.token}` } : {}),
	};
}

async function call<T>(method: string, path: string, sent: Sent = {}): Promise<T> {
	const cut = new AbortController();
	const timer = setTimeout(() => cut.abort(), REQUEST_TIMEOUT_MS);
	try {
		const answer = await fetch(path, {
			method,
			...(sent.body === undefined ? {} : { body: sent.body }),
			headers: headersOf(sent),
			credentials: 'same-origin',
			cache: 'no-store',
			signal: cut.signal,
		});
		const parsed = answer.status === 204 ? undefined : await bodyOf(answer);
		if (!answer.ok) throw problemFrom(answer.status, parsed);
		return parsed as T;
	} catch (error) {
		if (error instanceof Problem) throw error;
		throw new Problem('away', 0, String(error));
	} finally {
		clearTimeout(timer);
	}
}

const json = (value: unknown): Sent => ({ body: JSON.stringify(value) });
const device = (did: string) => `/v2/devices/${encodeURIComponent(did)}`;

function query(values: Record<string, string | number | undefined>): string {
	const parts = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
	return parts.length ? `?${new URLSearchParams(parts.map(([k, v]) => [k, String(v)]))}` : '';
}

/** The picture of a device that streams now; the server never starts a camera for it. */
export function thumbnailAddress(did: string, width: number, turn: number): string {
	return `${device(did)}/thumbnail.jpeg${query({ width, t: turn })}`;
}

export interface DeviceQuery {
	q?: string;
	online?: 'true' | 'false';
	cursor?: string;
	limit?: number;
}

export const api = {
	session: () => call<Session>('GET', '/v2/session'),
	signIn: (token: string) => call<{ expires_at: string }>('POST', '/v2/session', json({ token })),
	signOut: () => call<void>('DELETE', '/v2/session'),
	devices: (wanted: DeviceQuery) => call<Page<Device>>('GET', `/v2/devices${query({ ...wanted })}`),
	device: (did: string) => call<Device>('GET', device(did)),
	addDevice: (fields: { did: string; name: string; kind: string }) =>
		call<NewDevice>('POST', '/v2/devices', json(fields)),
	renameDevice: (did: string, name: string) => call<Device>('PATCH', device(did), json({ name })),
	removeDevice: (did: string) => call<void>('DELETE', device(did)),
	importDevices: (csv: string) => call<ImportAnswer>('POST', '/v2/devices:import', { body: csv, type: 'text/csv' }),
	events: (did: string, limit: number, cursor?: string) =>
		call<Page<ServerEvent>>('GET', `/v2/events${query({ did, limit, cursor })}`),
	viewToken: (did: string, seconds: number) =>
		call<{ token: string }>('POST', `${device(did)}/view-tokens`, json({ expires_in: seconds })),
	act: (did: string, data: Record<string, unknown>) =>
		call<ActionAnswer>('POST', `${device(did)}/actions`, json({ data })),
	streams: () => call<{ items: Stream[] }>('GET', '/v2/streams'),
	/** One stream by its key; 404 while there is none. */
	stream: (key: string, token?: string) => call<Stream>('GET', `/v2/streams/${encodeURIComponent(key)}`, { token }),
	stills: (did: string, limit: number, cursor?: string) =>
		call<Page<Still>>('GET', `${device(did)}/stills${query({ limit, cursor })}`),
	files: (did: string, limit: number, cursor?: string) =>
		call<Page<StoredFile>>('GET', `${device(did)}/files${query({ limit, cursor })}`),
	/** `path` is that of a still or an uploaded file, as localPath() gives it. */
	removeFile: (path: string) => call<void>('DELETE', path),
};
