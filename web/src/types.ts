// SPDX-License-Identifier: Apache-2.0
// What the API says, as the console uses it. Fields nobody here reads are left out.

export interface Presence {
	online: boolean;
	state: 'online' | 'offline' | 'never';
	since: string | null;
	last_seen: string | null;
	address: string | null;
	reason: string | null;
	weak_sign: boolean;
	link: { node: string; epoch: number; kind: 'direct' | 'child' } | null;
}

export interface Preset {
	index: number;
	name: string;
}

export interface Device {
	did: string;
	name: string;
	kind: string;
	sign_policy: string;
	push: 'play' | 'self';
	created_at: string;
	updated_at: string;
	profile: Record<string, unknown>;
	gateway: string | null;
	presence: Presence;
	presets: Preset[];
}

export interface NewDevice extends Device {
	secret: string;
}

export interface Page<T> {
	items: T[];
	next: string | null;
}

export interface ImportAnswer {
	created: number;
	updated: number;
	refused: { line: number; did: string; reason: string; detail: string }[];
}

export interface ServerEvent {
	id: string;
	cursor: string;
	time: string;
	type: string;
	did: string | null;
	data: Record<string, unknown>;
}

export interface Session {
	role: 'platform' | 'viewer';
	did?: string;
	expires_at?: string;
}

export interface ActionAnswer {
	mid: string;
	result: Record<string, Record<string, unknown>>;
}

export type StreamStage = 'idle' | 'asked' | 'answered' | 'pushing' | 'playing' | 'failed';

/** One row of /v2/streams; an older server leaves out what is marked with ?. */
export interface Stream {
	did: string;
	key?: string;
	replay?: { channel: number; stream: number; start: string; end: string } | null;
	stage: StreamStage;
	stage_since?: string;
	stage_text?: string;
	failure?: string | null;
	publisher: { address: string; since: string } | null;
	viewers: number;
	viewers_by?: { flv: number; websocket: number; rtmp: number; hls: number };
	bytes_in: number;
	bytes_out: number;
	bits_per_second?: number;
	frames: number;
	skips: number;
	first_frame_ms: number;
	gop_ms?: number;
	shed?: boolean;
	video: { codec: string; width: number; height: number } | null;
	audio: { codec: string } | null;
}

export interface Still {
	name: string;
	url: string;
	bytes: number;
	width?: number;
	height?: number;
	time: string;
}

export interface StoredFile {
	name: string;
	url: string;
	bytes: number;
	time: string;
	expires_at: string;
}
