/**
 * IndexedDB in a few promises. One database a user: nobody sees what another one's shift left on a shared phone.
 */
export class CourierDatabase {
    constructor(name) {
        this.opening = new Promise((resolve, reject) => {
            const request = indexedDB.open(name, 1);
            request.onupgradeneeded = () => {
                const db = request.result;
                db.createObjectStore("queue", { keyPath: "seq", autoIncrement: true }); // in the order of doing
                db.createObjectStore("answers", { keyPath: "key" }); // what the server would not take
                db.createObjectStore("cache"); // the last list
            };
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
        });
    }

    /** Run `work(store, …)` in one transaction; resolves with its result once that is on the disk. */
    async run(names, mode, work) {
        const db = await this.opening;
        const transaction = db.transaction(names, mode, { durability: "strict" });
        return new Promise((resolve, reject) => {
            const request = work(...names.map((name) => transaction.objectStore(name)));
            transaction.oncomplete = () => resolve(request?.result);
            transaction.onerror = transaction.onabort = () => reject(transaction.error);
        });
    }

    all(name) {
        return this.run([name], "readonly", (store) => store.getAll());
    }

    get(name, key) {
        return this.run([name], "readonly", (store) => store.get(key));
    }

    add(name, value) {
        return this.run([name], "readwrite", (store) => store.add(value));
    }

    put(name, value, key) {
        return this.run([name], "readwrite", (store) => store.put(value, key));
    }

    remove(name, key) {
        return this.run([name], "readwrite", (store) => store.delete(key));
    }
}
