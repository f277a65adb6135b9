/** Where the phone is, or null: it may be off, forbidden or slow, and nobody waits for it. */
export function currentPlace() {
    if (!navigator.geolocation) {
        return Promise.resolve(null);
    }
    return new Promise((resolve) => {
        const timer = setTimeout(resolve, 4000, null);
        navigator.geolocation.getCurrentPosition(
            ({ coords }) => {
                clearTimeout(timer);
                const { latitude, longitude, accuracy } = coords;
                resolve({ latitude, longitude, accuracy: Math.round(accuracy) });
            },
            () => resolve(null),
            { enableHighAccuracy: true, maximumAge: 60000, timeout: 4000 }
        );
    });
}

/** A link that opens the phone's own navigation. */
export function mapLink(address) {
    const query = encodeURIComponent(address);
    if (/iPhone|iPad|Macintosh/.test(navigator.userAgent)) {
        return `https://maps.apple.com/?daddr=${query}`;
    }
    if (/Android/.test(navigator.userAgent)) {
        return `geo:0,0?q=${query}`;
    }
    return `https://www.openstreetmap.org/search?query=${query}`;
}

export function callLink(phone) {
    return `tel:${phone.replace(/[^+\d]/g, "")}`;
}
