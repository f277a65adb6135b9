/** No answer came: no connection, or the server is away for a moment. To be tried again. */
export class Unreachable extends Error {}
/** The session is over: somebody has to log in. */
export class LoggedOut extends Error {}
/** The server answered with an error. */
export class ServerError extends Error {}

let requestId = 0;

/** Call one of the courier's JSON routes. */
export async function callServer(route, params, timeout = 30000) {
    let response;
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), timeout);
    try {
        response = await fetch(`/logistics/courier/${route}`, {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify({ jsonrpc: "2.0", method: "call", id: ++requestId, params }),
            signal: controller.signal,
        });
        if (response.status >= 500 || response.status === 429) {
            throw new Unreachable();
        }
        if (!response.ok) {
            throw new ServerError(`${response.status} ${response.statusText}`);
        }
        const { result, error } = await response.json();
        if (!error) {
            return result;
        }
        if (error.code === 100) {
            throw new LoggedOut();
        }
        throw new ServerError(error.data?.message || error.message);
    } catch (error) {
        if (error instanceof LoggedOut || error instanceof ServerError) {
            throw error;
        }
        throw new Unreachable(error.message);
    } finally {
        clearTimeout(timer);
    }
}
