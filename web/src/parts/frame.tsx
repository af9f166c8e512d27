// SPDX-License-Identifier: Apache-2.0
// What stands around every page: the name, the language, the way out, and a line when the server is away.
import type { ComponentChildren } from 'preact';
import type { FeedState } from '../events';
import { language, setLanguage, t } from '../text';
import { Icon, Mark } from './icon';

export function LanguageSwitch() {
	return (
		<button type="button" class="quiet" lang={language() === 'en' ? 'zh' : 'en'}
			aria-label={t('app.language.label')}
			onClick={() => setLanguage(language() === 'en' ? 'zh' : 'en')}>
			{t('app.language')}
		</button>
	);
}

export type Place = 'devices' | 'wall' | 'streams';
const PLACES: Place[] = ['devices', 'wall', 'streams'];

/** `place` is where the reader is; without it there is nowhere to go yet. */
export function Frame(props: { state?: FeedState; place?: Place; onSignOut?: () => void; children: ComponentChildren }) {
	return (
		<>
			<header class="top">
				<a class="brand" href="#/devices"><Mark /><span class="wide">{t('app.name')}</span></a>
				{props.place && <nav class="places" aria-label={t('nav.label')}>
					{PLACES.map((place) => (
						<a key={place} href={`#/${place}`} aria-current={place === props.place ? 'page' : undefined}>
							{t(`nav.${place}`)}
						</a>
					))}
				</nav>}
				<span class="grow" />
				<LanguageSwitch />
				{props.onSignOut &&
					<button type="button" class="quiet" onClick={props.onSignOut}>
						<Icon name="out" /><span class="wide">{t('sign.out')}</span>
					</button>}
			</header>
			<div role="status" class="banners">
				{props.state === 'away' && <p class="banner warn">{t('app.away')}</p>}
				{props.state === 'polling' && <p class="banner">{t('app.polling')}</p>}
			</div>
			<main>{props.children}</main>
		</>
	);
}
