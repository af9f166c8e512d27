// SPDX-License-Identifier: Apache-2.0
// What a device recorded: choose a day, see it as a bar, play from any moment of it.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { api, Problem } from '../api';
import type { Feed } from '../events';
import { DeviceTop, useDevice } from '../parts/device_top';
import { Failure } from '../parts/dialog';
import { useNow, useTask } from '../parts/hooks';
import { Icon } from '../parts/icon';
import { ReplayPicture, type Session } from '../parts/replay_picture';
import { TimeBar } from '../parts/time_bar';
import { replayKey, type Choice } from '../replay/session';
import { dateText, dayOf, join, neighbour, playableFrom, readSegments, segmentAt, totalMs, type Segment, type Span }
	from '../replay/timeline';
import { durationText, problemText, t } from '../text';
import type { Device } from '../types';

const REFRESH_MS = 60000;
const CHANNELS_MAX = 64;

type Found =
	| { kind: 'asking' }
	| { kind: 'there'; segments: Segment[] }
	| { kind: 'offline' | 'unsupported' }
	| { kind: 'failed'; words: string };

/** 60020: the device does not know the question; 60006 with no card in it. */
function failed(error: unknown): Found {
	if (!(error instanceof Problem)) return { kind: 'failed', words: problemText(error) };
	if (error.problem === 'device-offline') return { kind: 'offline' };
	if (error.code === 60020 || error.code === 60006) return { kind: 'unsupported' };
	return { kind: 'failed', words: problemText(error) };
}

/** What the device recorded on a day; asked again every minute while the day lasts. */
function useSegments(choice: Choice, day: Span, isOnline: boolean): Found & { again: () => void } {
	const [found, setFound] = useState<Found>({ kind: 'asking' });
	const [turn, setTurn] = useState(0);
	useEffect(() => setFound({ kind: 'asking' }), [choice, day.from]);
	useEffect(() => {
		if (!isOnline) {
			setFound({ kind: 'offline' });
			return undefined;
		}
		let alive = true;
		let timer: ReturnType<typeof setTimeout> | undefined;
		async function ask() {
			const { channel, stream } = choice;
			const find = { start: day.from, end: day.to, channel, stream };
			const next = await api.act(choice.did, { segment: { find } }).then((answer): Found =>
				({ kind: 'there', segments: readSegments(answer.result, day) }), failed);
			if (!alive) return;
			setFound(next);
			if (Date.now() < day.to && next.kind === 'there') timer = setTimeout(() => void ask(), REFRESH_MS);
		}
		void ask();
		return () => {
			alive = false;
			clearTimeout(timer);
		};
	}, [choice, day.from, isOnline, turn]);
	return { ...found, again: () => setTurn(turn + 1) };
}

interface ChooserProps {
	date: string;
	onDate: (date: string) => void;
	choice: Choice;
	onChoice: (choice: Choice) => void;
	device: Device;
}

function Chooser(props: ChooserProps) {
	const { date, onDate, choice, onChoice, device } = props;
	const from = dayOf(date)?.from ?? Date.now();
	const today = dateText(Date.now());
	const hasChannels = device.kind === 'recorder' || device.kind === 'gateway';
	return (
		<div class="chooser">
			<div class="day">
				<button type="button" class="icon" aria-label={t('replay.day.before')} title={t('replay.day.before')}
					onClick={() => onDate(dateText(from, -1))}><Icon name="back" /></button>
				<label><span class="sr">{t('replay.date')}</span>
					<input type="date" name="replay-date" value={date} max={today} required
						onChange={(event) => dayOf(event.currentTarget.value) && onDate(event.currentTarget.value)} />
				</label>
				<button type="button" class="icon" aria-label={t('replay.day.after')} title={t('replay.day.after')}
					disabled={date >= today} onClick={() => onDate(dateText(from, 1))}><Icon name="next" /></button>
			</div>
			{hasChannels && <label class="channel"><span>{t('replay.channel')}</span>
				<input type="number" name="replay-channel" min={1} max={CHANNELS_MAX} value={choice.channel}
					onChange={(event) => onChoice({ ...choice, channel: Math.max(1, Number(event.currentTarget.value) || 1) })} />
			</label>}
			{hasChannels && <label class="channel"><span>{t('replay.stream')}</span>
				<select name="replay-stream" value={String(choice.stream)}
					onChange={(event) => onChoice({ ...choice, stream: Number(event.currentTarget.value) })}>
					<option value="0">{t('replay.stream.0')}</option>
					<option value="1">{t('replay.stream.1')}</option>
				</select>
			</label>}
		</div>
	);
}

function Nothing(props: { found: Found; onAgain: () => void }) {
	const { found } = props;
	if (found.kind === 'asking') return <p class="empty" role="status">{t('replay.looking')}</p>;
	const words: [string, string] = found.kind === 'offline' ? [t('replay.offline'), t('stage.device-offline.help')]
		: found.kind === 'unsupported' ? [t('replay.unsupported'), t('replay.unsupported.help')]
			: found.kind === 'failed' ? [found.words, ''] : [t('replay.none'), t('replay.none.help')];
	return (
		<div class="empty" role="status" data-nothing={found.kind}>
			<p><strong>{words[0]}</strong></p>
			{words[1] && <p class="hint">{words[1]}</p>}
			{found.kind !== 'offline' && <button type="button" onClick={props.onAgain}>{t('app.retry')}</button>}
		</div>
	);
}

/** The recording under the cursor goes from the device to the server, where it is kept for a week. */
function Upload(props: { did: string; segment: Segment | null }) {
	const { did, segment } = props;
	const { busy, failure, run } = useTask();
	const [done, setDone] = useState('');
	const file = segment?.file;
	if (!file) return null;
	const upload = async () => {
		const answer = await run(() => api.act(did, { upload: { file } }));
		if (answer) setDone(file);
	};
	return (
		<>
			<button type="button" onClick={upload} disabled={busy || done === file}>
				<Icon name="down" />{busy ? t('replay.uploading') : t('replay.upload')}
			</button>
			{done === file && <span class="hint" role="status">{t('replay.uploaded')}</span>}
			<Failure text={failure} />
		</>
	);
}

function Player(props: { device: Device; choice: Choice; day: Span; segments: Segment[] }) {
	const { device, choice, day, segments } = props;
	const [session, setSession] = useState<Session | null>(null);
	const [at, setAt] = useState(() => playableFrom(segments, day.from) ?? day.from);
	const [speed, setSpeed] = useState(1);
	const [isOver, setOver] = useState(false);
	const name = device.name || device.did;

	function anew(from: number) {
		const last = segments[segments.length - 1] as Segment;
		setSession({ key: replayKey(choice, from, last.end), from: Math.floor(from / 1000) * 1000, seek: null });
	}
	/** To the moment, or to the next that was recorded. */
	function go(wanted: number) {
		const to = playableFrom(segments, wanted);
		setOver(to === null);
		setAt(to ?? wanted);
		if (to === null) setSession(null);
		else if (session && to >= session.from) setSession({ ...session, seek: { at: to } });
		else anew(to);
	}
	const jump = (by: 1 | -1) => {
		const to = neighbour(segments, at, by);
		if (to !== null) go(to);
	};
	return (
		<>
			{session ? <ReplayPicture key={session.key} did={device.did} name={name} session={session} segments={segments}
				speed={speed} onSpeed={setSpeed} onPosition={setAt} onGo={go} onAnew={anew}
				onOver={() => { setSession(null); setOver(true); }} />
				: <div key="begin" class="live begin"><div class="overlay-still">
					<p>{isOver ? t('replay.over') : t('replay.begin')}</p>
					<button type="button" onClick={() => go(isOver ? day.from : at)}><Icon name="play" />{t('replay.play')}</button>
				</div></div>}
			<div key="bar" class="card bar-card">
				<div class="heading">
					<span class="summary">
						{t('replay.summary', { n: join(segments).length, duration: durationText(totalMs(segments)) })}
					</span>
					<span class="grow" />
					<button type="button" class="icon" aria-label={t('replay.before')} title={t('replay.before')}
						disabled={neighbour(segments, at, -1) === null} onClick={() => jump(-1)}><Icon name="first" /></button>
					<button type="button" class="icon" aria-label={t('replay.after')} title={t('replay.after')}
						disabled={neighbour(segments, at, 1) === null} onClick={() => jump(1)}><Icon name="last" /></button>
				</div>
				<TimeBar day={day} segments={segments} at={at} onPick={go} />
				<div class="heading"><Upload did={device.did} segment={segmentAt(segments, at)} /></div>
				<p class="hint">{t('replay.hint')}</p>
			</div>
		</>
	);
}

function Day(props: { device: Device; date: string; onDate: (date: string) => void }) {
	const { device, date } = props;
	const [choice, setChoice] = useState<Choice>({ did: device.did, channel: 1, stream: 0 });
	const day = useMemo(() => dayOf(date) as Span, [date]);
	const found = useSegments(choice, day, device.presence.online);
	const isThere = found.kind === 'there' && found.segments.length > 0;
	return (
		<>
			<Chooser device={device} date={date} onDate={props.onDate} choice={choice} onChoice={setChoice} />
			{isThere
				? <Player key={`${date} ${choice.channel} ${choice.stream}`} device={device} choice={choice} day={day}
					segments={found.segments} />
				: <Nothing found={found} onAgain={found.again} />}
		</>
	);
}

export function Replay(props: { did: string; feed: Feed }) {
	const { did, feed } = props;
	const { device, failure } = useDevice(did, feed);
	const [date, setDate] = useState(() => dateText(Date.now()));
	const now = useNow();
	const name = device?.name || did;
	useEffect(() => { document.title = `${t('replay.title', { name })} – Vigil`; }, [name]);
	return (
		<section class="device replay">
			<DeviceTop did={did} device={device} failure={failure} now={now} page="replay" />
			{device && <Day device={device} date={date} onDate={setDate} />}
		</section>
	);
}
