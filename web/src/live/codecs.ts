// SPDX-License-Identifier: Apache-2.0
// What this browser can show, as the server asks for it, and what a stream's codec is called by people.

/** What the FLV player understands, with a profile that stands for all of them. */
const PROBES: [string, string][] = [
	['avc1', 'video/mp4; codecs="avc1.640028"'],
	['hvc1', 'video/mp4; codecs="hvc1.1.6.L120.B0"'],
	['hev1', 'video/mp4; codecs="hev1.1.6.L120.B0"'],
	['av01', 'video/mp4; codecs="av01.0.08M.08"'],
	['mp4a', 'audio/mp4; codecs="mp4a.40.2"'],
	['mp3', 'audio/mpeg'],
	['opus', 'audio/mp4; codecs="opus"'],
];

/** The names whose probe is supported, with commas. The player must understand them too: `except` names those it does not. */
export function supportedCodecs(isSupported: (type: string) => boolean, except: string[] = []): string {
	return PROBES.filter(([name, type]) => !except.includes(name) && isSupported(type)).map(([name]) => name).join(',');
}

const NAMES: [RegExp, string][] = [
	[/^(avc|h264)/i, 'H.264'],
	[/^(hvc|hev|h265|hevc)/i, 'H.265'],
	[/^(av01|av1)/i, 'AV1'],
	[/^(vp09|vp9)/i, 'VP9'],
	[/^(vvc|vvi)/i, 'H.266'],
	[/^(mp4a|aac)/i, 'AAC'],
	[/^opus/i, 'Opus'],
	[/^(alaw|pcma|g711a)/i, 'G.711 A'],
	[/^(ulaw|pcmu|g711u)/i, 'G.711 µ'],
];

/** "avc1.64001f" is "H.264"; what we do not know is shown as it came. */
export function codecName(codec: string): string {
	return NAMES.find(([pattern]) => pattern.test(codec))?.[1] ?? codec;
}
