// SPDX-License-Identifier: Apache-2.0
// The two settings that are objects: when alarms are active, and the patrol.
import { useState } from 'preact/hooks';
import { DAYS, presetNumbers, withDay } from '../config';
import { language, t } from '../text';

interface Period {
	all_day: boolean;
	start: string;
	end: string;
	days: string[];
}

interface Cruise {
	presets: number[];
	dwell_s: number;
	speed: number;
}

/** Day 1 is Monday. 2024-01-01 was one. */
function dayName(day: number): string {
	return new Intl.DateTimeFormat(language(), { weekday: 'short', timeZone: 'UTC' })
		.format(new Date(Date.UTC(2024, 0, day)));
}

export function PeriodField(props: { value: unknown; onChange: (value: Period) => void }) {
	const period: Period = { all_day: true, start: '00:00', end: '23:59', days: [], ...(props.value as object) };
	const set = (part: Partial<Period>) => props.onChange({ ...period, ...part });
	const days = Array.isArray(period.days) ? period.days : [];
	const isIn = (day: number) => days.includes(DAYS[day - 1] as string);
	return (
		<div class="group" role="group" aria-label={t('set.alarm.period')}>
			<label class="switch-row"><span>{t('set.alarm.period')}: {t('set.period.all_day')}</span>
				<input type="checkbox" role="switch" checked={period.all_day}
					onChange={(event) => set({ all_day: event.currentTarget.checked })} />
			</label>
			{!period.all_day && <div class="pair">
				<label class="field"><span>{t('set.period.start')}</span>
					<input type="time" value={period.start} onInput={(event) => set({ start: event.currentTarget.value })} />
				</label>
				<label class="field"><span>{t('set.period.end')}</span>
					<input type="time" value={period.end} onInput={(event) => set({ end: event.currentTarget.value })} />
				</label>
			</div>}
			<div class="days" role="group" aria-label={t('set.period.days')}>
				{[1, 2, 3, 4, 5, 6, 7].map((day) => (
					<label key={day}>
						<input type="checkbox" checked={isIn(day)}
							onChange={(event) => set({ days: withDay(days, day, event.currentTarget.checked) })} />
						<span>{dayName(day)}</span>
					</label>
				))}
			</div>
			{days.length === 0 && <p class="hint">{t('set.period.days.hint')}</p>}
		</div>
	);
}

export function CruiseField(props: { value: unknown; onChange: (value: Cruise) => void }) {
	const cruise: Cruise = { presets: [], dwell_s: 10, speed: 1, ...(props.value as object) };
	const [text, setText] = useState(Array.isArray(cruise.presets) ? cruise.presets.join(', ') : '');
	const wrong = presetNumbers(text) === null;
	return (
		<div class="group">
			<label class="field"><span>{t('set.cruise.presets')}</span>
				<input value={text} inputMode="numeric" aria-invalid={wrong} onInput={(event) => {
					setText(event.currentTarget.value);
					const presets = presetNumbers(event.currentTarget.value);
					if (presets) props.onChange({ ...cruise, presets });
					event.currentTarget.setCustomValidity(presets ? '' : t('set.cruise.range'));
				}} />
				<span class="hint">{wrong ? t('set.cruise.range') : t('set.cruise.presets.hint')}</span>
			</label>
			<div class="pair">
				<label class="field"><span>{t('set.cruise.dwell_s')}</span>
					<input type="number" min={1} max={3600} value={cruise.dwell_s} required
						onInput={(event) => props.onChange({ ...cruise, dwell_s: Number(event.currentTarget.value) })} />
				</label>
				<label class="field"><span>{t('set.cruise.speed')}</span>
					<select value={String(cruise.speed)}
						onChange={(event) => props.onChange({ ...cruise, speed: Number(event.currentTarget.value) })}>
						{([0, 1, 2] as const).map((speed) =>
							<option key={speed} value={String(speed)}>{t(`ptz.speed.${speed}`)}</option>)}
					</select>
				</label>
			</div>
		</div>
	);
}
