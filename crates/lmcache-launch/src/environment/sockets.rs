//! `ss` and `netstat`.

use super::facts::Socket;
use crate::evidence::Evidence;
use crate::reader::Ctx;

const STATES: &[&str] = &[
    "LISTEN",
    "ESTAB",
    "ESTABLISHED",
    "SYN-SENT",
    "SYN_SENT",
    "SYN-RECV",
    "SYN_RECV",
    "TIME-WAIT",
    "TIME_WAIT",
    "CLOSE-WAIT",
    "CLOSE_WAIT",
    "FIN-WAIT-1",
    "FIN_WAIT1",
    "FIN-WAIT-2",
    "FIN_WAIT2",
    "LAST-ACK",
    "LAST_ACK",
    "CLOSING",
    "UNCONN",
    "CLOSE",
];

/// Address and port; brackets of IPv6 and zones are kept in the address.
fn split(text: &str) -> (String, Option<u16>) {
    match text.rsplit_once(':') {
        Some((address, port)) => (address.to_owned(), port.parse().ok()),
        None => (text.to_owned(), None),
    }
}

/// Whether a field is an address with a port.
pub(crate) fn is_endpoint(field: &str) -> bool {
    field.rsplit_once(':').is_some_and(|(address, port)| {
        !address.is_empty()
            && (port == "*" || port.parse::<u16>().is_ok())
            && address.bytes().all(|b| {
                b.is_ascii_hexdigit() || matches!(b, b'.' | b':' | b'[' | b']' | b'*' | b'%')
            })
    }) || field.starts_with("localhost:")
        || field.starts_with("0.0.0.0:")
}

/// Tables of `ss` and `netstat`, whatever their columns are: a state, two addresses.
pub(crate) fn sockets(ctx: &Ctx<'_>, text: &str, out: &mut Evidence) {
    for (i, line) in crate::reader::lines(text) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let state = fields.iter().find(|f| STATES.contains(*f)).copied();
        let ends: Vec<usize> = fields
            .iter()
            .enumerate()
            .filter(|(_, f)| is_endpoint(f))
            .map(|(i, _)| i)
            .take(2)
            .collect();
        let Some(&first) = ends.first() else { continue };
        let Some(local) = fields.get(first) else { continue };
        let head = fields.first().copied().unwrap_or_default();
        let protocol = if head.starts_with("tcp") || head.starts_with("udp") {
            head.get(..3).unwrap_or(head)
        } else {
            "tcp"
        };
        let Some(state) = state.or((protocol == "udp").then_some("UNCONN")) else { continue };
        let (address, port) = split(local);
        let peer = ends.get(1).and_then(|i| fields.get(*i)).map(|f| split(f));
        let numbers: Vec<u64> =
            fields.get(..first).unwrap_or_default().iter().filter_map(|f| f.parse().ok()).collect();
        let process = fields
            .iter()
            .find_map(|f| f.strip_prefix("users:((\""))
            .and_then(|f| f.split('"').next())
            .or_else(|| {
                fields
                    .last()
                    .and_then(|f| f.split_once('/'))
                    .filter(|(p, _)| p.parse::<u32>().is_ok())
                    .map(|(_, n)| n)
            });
        out.environment.sockets.push(Socket {
            protocol: protocol.to_owned(),
            state: state.replace('_', "-").replace("ESTABLISHED", "ESTAB"),
            local: ctx.cleaner.text(&address),
            local_port: port,
            peer: peer.as_ref().map(|(a, _)| ctx.cleaner.text(a)),
            peer_port: peer.as_ref().and_then(|(_, p)| *p),
            receive_queue: numbers.first().copied(),
            send_queue: numbers.get(1).copied(),
            process: process.map(|p| ctx.cleaner.text(p)),
            place: ctx.base.line(i + 1),
        });
    }
}
