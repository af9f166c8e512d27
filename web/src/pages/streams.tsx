// SPDX-License-Identifier: Apache-2.0
// Every stream for the people who run the server: where each is, what it costs, and how it went since the page was opened.
import { useEffect, useState } from 'preact/hooks';
import { api } from '../api';
import { codecName } from '../live/codecs';
import { Failure } from '../parts/dialog';
import { Icon } from '../parts/icon';
import { Plot } from '../parts/plot';
import { deviceAddress } from '../route';
import { nothing, remember, type Memory } from '../streams/samples';
import { rateText } from '../streams/scale';
import { COLUMNS, resort, rowsOf, sortRows, type Column, type Row, type Sorting } from '../streams/table';
import { clock, numberText, problemText, t, timeText } from '../text';
import type { Stream } from '../types';

const EVERY_MS = 2000;
const NAMES_MAX = 500;
const KINDS = ['flv', 'websocket', 'rtmp', 'hls'] as const;

function useNames(): Map<string, string> {
	const [names, setNames] = useState(new Map<string, string>());
	useEffect(() => {
		void api.devices({ limit: NAMES_MAX }).then((page) =>
			setNames(new Map(page.items.map((device) => [device.did, device.name]))), () => undefined);
	}, []);
	return names;
}

/** The streams now and what was before, read every two seconds while the page is seen. */
function useStreams() {
	const [streams, setStreams] = useState<Stream[] | null>(null);
	const [memory, setMemory] = useState<Memory>(nothing);
	const [failure, setFailure] = useState('');
	useEffect(() => {
		let alive = true;
		let timer: ReturnType<typeof setTimeout>;
		async function read() {
			const began = Date.now();
			const answer = document.hidden ? null
				: await api.streams().catch((error) => { setFailure(problemText(error)); return null; });
			if (!alive) return;
			if (answer) {
				setFailure('');
				setStreams(answer.items);
				setMemory((old) => remember(old, answer.items, Date.now()));
			}
			timer = setTimeout(() => void read(), Math.max(200, EVERY_MS - (Date.now() - began)));
		}
		void read();
		return () => {
			alive = false;
			clearTimeout(timer);
		};
	}, []);
	return { streams, memory, failure };
}

const HEADS = {
	device: 'stream.device', stage: 'stream.stage', publisher: 'stream.publisher', viewers: 'stream.viewers',
	rate: 'stream.rate', out: 'stream.out', skips: 'stream.skips', first: 'stream.first',
} as const;

function Stage(props: { stream: Stream }) {
	const { stream } = props;
	const failure = stream.stage === 'failed' && stream.failure ? stream.stage_text || stream.failure : '';
	return (
		<span class={`stage-mark ${stream.stage}`} title={stream.stage_text}>
			<span class="dot" aria-hidden="true" />{t(`stream.stage.${stream.stage}`)}
			{failure && <span class="faint"> {failure}</span>}
		</span>
	);
}

function Viewers(props: { stream: Stream }) {
	const by = props.stream.viewers_by;
	const kinds = KINDS.filter((kind) => by?.[kind]).map((kind) => `${t(`stream.kind.${kind}`)} ${by?.[kind]}`);
	return <>{numberText(props.stream.viewers)}{kinds.length > 0 && <span class="faint kinds">{kinds.join(' · ')}</span>}</>;
}

/** The server tells whole milliseconds, and nothing while nobody watched. */
function firstText({ first_frame_ms: ms, viewers, stage }: Stream): string {
	if (ms > 0) return numberText(ms);
	return viewers > 0 && stage === 'playing' ? '<1' : '–';
}

function detail({ replay, video, audio }: Stream): string {
	const format = [video && `${codecName(video.codec)} ${video.width} × ${video.height}`, audio && codecName(audio.codec)];
	const span = replay && t('stream.replay', { start: clock(replay.start, Date.now()), end: timeText(Date.parse(replay.end)) });
	return [span, ...format].filter(Boolean).join(' · ');
}

function StreamRow(props: { row: Row; now: number }) {
	const { row } = props;
	const { stream } = row;
	const kilobits = (value: number | null) => (value === null ? '–' : numberText(value));
	const cell = (column: Column) => ({ 'data-label': t(HEADS[column]), 'data-column': column });
	return (
		<tr data-key={row.key}>
			<th scope="row" {...cell('device')}>
				<a href={deviceAddress(stream.did)}>{row.name}</a><span class="faint kinds">{detail(stream)}</span>
			</th>
			<td {...cell('stage')}><Stage stream={stream} /></td>
			<td {...cell('publisher')}>
				{stream.publisher ? <>{stream.publisher.address}
					<span class="faint kinds">{clock(stream.publisher.since, props.now)}</span></> : '–'}
			</td>
			<td class="number" {...cell('viewers')}><Viewers stream={stream} /></td>
			<td class="number" {...cell('rate')}>{kilobits(row.in)}</td>
			<td class="number" {...cell('out')}>{kilobits(row.out)}</td>
			<td class="number" {...cell('skips')}>{numberText(stream.skips)}</td>
			<td class="number" {...cell('first')}>{firstText(stream)}</td>
		</tr>
	);
}

function Table(props: { rows: Row[]; now: number }) {
	const [sorting, setSorting] = useState<Sorting>({ column: 'stage', down: false });
	const numeric = ['viewers', 'rate', 'out', 'skips', 'first'];
	return (
		<>
			<label class="sort-choice"><span>{t('stream.sort')}</span>
				<select name="sort" value={sorting.column}
					onChange={(event) => setSorting(resort({ ...sorting, column: 'device' }, event.currentTarget.value as Column))}>
					{COLUMNS.map((column) => <option key={column} value={column}>{t(HEADS[column])}</option>)}
				</select>
			</label>
			<table class="stacked streams">
				<thead><tr>{COLUMNS.map((column) => (
					<th key={column} class={numeric.includes(column) ? 'number' : undefined}
						aria-sort={sorting.column !== column ? undefined : sorting.down ? 'descending' : 'ascending'}>
						<button type="button" class="quiet" onClick={() => setSorting(resort(sorting, column))}>
							{t(HEADS[column])}
							{sorting.column === column && <Icon name="arrow" turn={sorting.down ? 180 : 0} />}
						</button>
					</th>
				))}</tr></thead>
				<tbody>{sortRows(props.rows, sorting).map((row) => <StreamRow key={row.key} row={row} now={props.now} />)}</tbody>
			</table>
		</>
	);
}

function Plots(props: { memory: Memory; names: Map<string, string> }) {
	const { samples, firsts } = props.memory;
	const from = samples[0]?.at ?? 0;
	const to = samples[samples.length - 1]?.at ?? 1;
	const known = samples.filter((sample) => sample.in !== null);
	const time = { from, to };
	return (
		<div class="plots">
			<Plot {...time} title={t('plot.viewers')} text={(n) => numberText(n)} isWhole empty={t('plot.waiting')}
				series={[{ name: t('plot.viewers'), kind: 'first',
					points: samples.map(({ at, viewers }) => ({ at, value: viewers })) }]} />
			<Plot {...time} title={t('plot.traffic')} text={rateText} empty={t('plot.waiting')}
				series={[
					{ name: t('plot.in'), kind: 'first', points: known.map((one) => ({ at: one.at, value: (one.in ?? 0) * 8 })) },
					{ name: t('plot.out'), kind: 'second', points: known.map((one) => ({ at: one.at, value: (one.out ?? 0) * 8 })) },
				]} />
			<Plot {...time} title={t('plot.first')} text={(n) => `${numberText(n)} ms`} asDots empty={t('plot.quiet')}
				series={[{ name: t('plot.first'), kind: 'first', points: firsts.map(({ at, ms, key }) =>
					({ at, value: ms, note: props.names.get(key) || key })) }]} />
		</div>
	);
}

export function Streams() {
	const { streams, memory, failure } = useStreams();
	const names = useNames();
	const now = memory.last?.at ?? Date.now();
	const viewers = (streams ?? []).reduce((sum, stream) => sum + stream.viewers, 0);
	useEffect(() => { document.title = `${t('stream.title')} – Vigil`; });
	return (
		<section class="streams-page">
			<div class="heading">
				<h1>{t('stream.title')}</h1>
				{streams && <span class="hint">{t('stream.total', { n: streams.length, viewers })}</span>}
			</div>
			<Failure text={failure && (memory.last ? `${failure} ${t('stream.failed', { time: timeText(now) })}` : failure)} />
			{!streams && !failure && <p class="hint">{t('app.loading')}</p>}
			{streams && <h2 class="sr">{t('plot.since')}</h2>}
			{streams && <Plots memory={memory} names={names} />}
			{streams && streams.length === 0 && <p class="empty">{t('stream.none')}</p>}
			{streams && streams.length > 0 && <Table rows={rowsOf(streams, memory, names)} now={now} />}
		</section>
	);
}
