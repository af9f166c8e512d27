// SPDX-License-Identifier: Apache-2.0
// What the pages of one device have in common: the way back, the way to the others, its name and whether it is there.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api, Problem } from '../api';
import type { Feed } from '../events';
import { deviceAddress } from '../route';
import { problemText, t } from '../text';
import type { Device } from '../types';
import { Failure } from './dialog';
import { Icon } from './icon';
import { Presence } from './presence';

/** The device, read again when something happened to it; `failure` in words when it could not be. */
export function useDevice(did: string, feed: Feed) {
	const [device, setDevice] = useState<Device | null>(null);
	const [failure, setFailure] = useState('');
	useEffect(() => {
		let alive = true;
		async function read() {
			try {
				const fresh = await api.device(did);
				if (alive) setDevice(fresh);
				if (alive) setFailure('');
			} catch (error) {
				const gone = error instanceof Problem && error.status === 404;
				if (alive) setFailure(gone ? t('device.gone') : problemText(error));
			}
		}
		void read();
		const deaf = feed.listen({
			onEvent: (event) => {
				if (event.did === did && event.type.startsWith('device.') && event.type !== 'device.event') void read();
			},
			onRefresh: () => void read(),
		});
		return () => {
			alive = false;
			deaf();
		};
	}, [did]);
	return { device, failure, setDevice };
}

const PAGES = [['live', undefined], ['replay', 'replay'], ['stills', 'stills']] as const;

export function DeviceTop(props: { did: string; device: Device | null; failure: string; now: number;
	page: 'live' | 'replay' | 'stills'; children?: ComponentChildren }) {
	const { did, device } = props;
	return (
		<>
			<div class="way">
				<a class="back" href="#/devices" aria-label={t('device.back')}>
					<Icon name="back" /><span class="wide">{t('device.back')}</span>
				</a>
				<nav class="segments" aria-label={t('nav.device')}>
					{PAGES.map(([name, part]) => (
						<a key={name} href={deviceAddress(did, part)} aria-current={name === props.page ? 'page' : undefined}>
							{t(`nav.${name}`)}
						</a>
					))}
				</nav>
				<span class="end">{props.children}</span>
			</div>
			{device && <div class="heading">
				<h1>{device.name || did}</h1>
				<Presence presence={device.presence} now={props.now} />
			</div>}
			{!device && !props.failure && <p class="hint">{t('app.loading')}</p>}
			<Failure text={props.failure} />
		</>
	);
}
