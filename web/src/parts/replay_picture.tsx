// SPDX-License-Identifier: Apache-2.0
// A recording as it plays: the picture, the moment it shows, and pause, speed and seek by the device.
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api';
import { changeSpeed, position, seekTo, SPEEDS, type Anchor } from '../replay/session';
import type { Segment } from '../replay/timeline';
import { t, timeText } from '../text';
import { Failure } from './dialog';
import { useTask } from './hooks';
import { Icon, type IconName } from './icon';
import { Overlay } from './overlay';
import { useLive } from './use_live';

const TICK_MS = 200;
/** Sooner than the player itself would ask for the same replay again, from its beginning. */
const RESTART_MS = 250;
const JUMP_MS = 10000;
/** This close to the end, a stream that ends was played to its end. */
const END_MS = 3000;

export interface Session {
	key: string;
	from: number;
	/** Where to go next within this replay; a new object for each wish. */
	seek: { at: number } | null;
}

interface Props {
	did: string;
	name: string;
	session: Session;
	segments: Segment[];
	speed: number;
	onSpeed: (speed: number) => void;
	onPosition: (at: number) => void;
	onGo: (at: number) => void;
	/** A new replay from there: this one cannot go on. */
	onAnew: (at: number) => void;
	onOver: () => void;
}

function Button(props: { icon: IconName; label: string; disabled?: boolean; onClick: () => void }) {
	return (
		<button type="button" class="icon" aria-label={props.label} title={props.label} disabled={props.disabled}
			onClick={props.onClick}><Icon name={props.icon} /></button>
	);
}

function lastOf(segments: Segment[]): number {
	return segments[segments.length - 1]?.end ?? 0;
}

function bufferedEnd(video: HTMLVideoElement | null): number {
	return video?.buffered.length ? video.buffered.end(video.buffered.length - 1) : video?.currentTime ?? 0;
}

/** The controls as orders to the device, and the moment that is shown, from the player's own time. */
function useReplay(props: Props) {
	const { did, session, segments, speed } = props;
	const { video, player, live, stream } = useLive(session.key, undefined, { isSilent: true });
	const [at, setAt] = useState(session.from);
	const [paused, setPaused] = useState(false);
	const anchor = useRef<Anchor | null>(null);
	const viewers = useRef(0);
	const task = useTask();
	viewers.current = stream?.viewers ?? viewers.current;
	const order = (what: Record<string, unknown>) => api.act(did, { replay: { id: session.key, ...what } });
	const now = () => (anchor.current && video.current
		? position(anchor.current, video.current.currentTime, segments) : session.from);

	useEffect(() => {
		if (live.phase !== 'playing' || anchor.current || !video.current) return;
		const { buffered, currentTime } = video.current;
		const media = buffered.length ? buffered.start(0) : currentTime;
		anchor.current = { media, at: session.from, speed: 1, was: session.from };
		if (speed !== 1) void setSpeed(speed);
	}, [live.phase]);
	useEffect(() => {
		const timer = setInterval(() => setAt(now()), TICK_MS);
		return () => clearInterval(timer);
	}, [segments]);
	// Who leaves last ends the replay at once; the server would do so a minute later. At its end it has ended.
	const left = useRef(false);
	left.current = now() < lastOf(segments) - END_MS;
	useEffect(() => () => {
		if (anchor.current && left.current && viewers.current <= 1) order({ stop: true }).catch(() => undefined);
	}, []);

	function hold(isHeld: boolean) {
		setPaused(isHeld);
		player.current?.hold(isHeld);
		if (isHeld) video.current?.pause();
		else void video.current?.play().catch(() => undefined);
	}
	async function pause() {
		const wanted = !paused;
		const done = await task.run(() => order(wanted ? { pause: true } : { resume: true }));
		if (done) hold(wanted);
	}
	async function setSpeed(wanted: number) {
		props.onSpeed(wanted);
		if (!anchor.current || !video.current) return;
		const done = await task.run(() => order({ speed: wanted }));
		if (!done || !video.current || !anchor.current) return;
		anchor.current = changeSpeed(anchor.current, wanted, video.current.currentTime, bufferedEnd(video.current), segments);
	}
	async function seek(to: number) {
		try {
			await order({ seek: Math.round(to) });
			if (paused) await order({ resume: true });
		} catch {
			props.onAnew(to); // the device forgot this replay, or it cannot seek
			return;
		}
		if (paused) hold(false);
		if (anchor.current) anchor.current = seekTo(anchor.current, to, bufferedEnd(video.current));
		setAt(to);
	}
	useEffect(() => {
		if (session.seek) void seek(session.seek.at);
	}, [session.seek]);
	return { video, player, live, stream, at, paused, pause, setSpeed, task };
}

/** What follows when the stream ends by itself, or was lost. */
function useEnd(props: Props, phase: string, stage: string | null, at: number) {
	const { segments, session } = props;
	const last = lastOf(segments);
	const began = at > session.from + 1000;
	useEffect(() => {
		if (phase === 'playing' && at >= last - 300) props.onOver();
	}, [phase, at >= last - 300]);
	useEffect(() => {
		if (phase !== 'waiting' || !began) return undefined;
		if (at >= last - END_MS * props.speed) {
			props.onOver();
			return undefined;
		}
		if (!['ended', 'server-away', 'stalled', 'no-push'].includes(stage ?? '')) return undefined;
		const timer = setTimeout(() => props.onAnew(at), RESTART_MS);
		return () => clearTimeout(timer);
	}, [phase, stage]);
}

export function ReplayPicture(props: Props) {
	const { name, onGo } = props;
	const box = useRef<HTMLDivElement>(null);
	const { video, player, live, stream, at, paused, pause, setSpeed, task } = useReplay(props);
	useEnd(props, live.phase, live.stage, at);
	useEffect(() => props.onPosition(at), [at]);
	const isPlaying = live.phase === 'playing';
	return (
		<>
			<div class="live" ref={box} data-phase={live.phase} data-paused={paused} data-at={Math.round(at)}>
				<video ref={video} muted autoplay playsInline aria-label={t('replay.picture', { name })} />
				<div role="status">
					<Overlay live={live} stream={stream} onRetry={() => player.current?.retry()} />
					{isPlaying && paused && <p class="paused-words">{t('replay.paused')}</p>}
				</div>
				<div class="bar">
					<Button icon={paused ? 'play' : 'pause'} label={paused ? t('replay.play') : t('replay.pause')}
						disabled={!isPlaying || task.busy} onClick={pause} />
					<Button icon="rewind" label={t('replay.back')} disabled={!isPlaying} onClick={() => onGo(at - JUMP_MS)} />
					<Button icon="forward" label={t('replay.ahead')} disabled={!isPlaying} onClick={() => onGo(at + JUMP_MS)} />
					<time class="at">{timeText(at)}</time>
					<span class="grow" />
					<select name="replay-speed" class="speed" aria-label={t('replay.speed')} value={String(props.speed)}
						disabled={task.busy} onChange={(event) => void setSpeed(Number(event.currentTarget.value))}>
						{SPEEDS.map((one) => <option key={one} value={String(one)}>{t('replay.speed.value', { n: one })}</option>)}
					</select>
					<Button icon="full" label={t('live.full')}
						onClick={() => void box.current?.requestFullscreen?.().catch(() => undefined)} />
				</div>
			</div>
			<Failure text={task.failure} />
		</>
	);
}
