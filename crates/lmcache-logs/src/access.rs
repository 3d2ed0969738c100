//! Access lines of HTTP servers: `1.2.3.4:5 - "GET /metrics HTTP/1.1" 200 OK`.

use memchr::memmem;

/// Method, path with its query, status.
pub(crate) fn access(message: &[u8]) -> Option<(&[u8], &[u8], u16)> {
    let at = memmem::find(message.get(..120.min(message.len()))?, b" \"")?;
    let request = message.get(at + 2..)?;
    let end = memmem::find(request, b" HTTP/")?;
    let (method, path) = {
        let line = request.get(..end)?;
        let space = line.iter().position(|b| *b == b' ')?;
        (line.get(..space)?, line.get(space + 1..)?)
    };
    if method.is_empty() || method.len() > 8 || !method.iter().all(u8::is_ascii_uppercase) {
        return None;
    }
    let rest = request.get(end..)?;
    let close = rest.iter().position(|b| *b == b'"')?;
    let code = rest.get(close + 2..close + 5)?;
    let status = code
        .iter()
        .try_fold(0_u16, |n, b| b.is_ascii_digit().then(|| n * 10 + u16::from(b - b'0')))?;
    Some((method, path, status))
}

/// Path without its query, numbers as `#`.
pub(crate) fn route(path: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let path = path.split(|b| *b == b'?').next().unwrap_or_default();
    for (i, part) in
        path.get(..100.min(path.len())).unwrap_or_default().split(|b| *b == b'/').enumerate()
    {
        if i > 0 {
            out.push(b'/');
        }
        let digits = part.iter().filter(|b| b.is_ascii_digit()).count();
        if digits > 0 && (digits == part.len() || part.len() >= 12) {
            out.push(b'#');
        } else {
            out.extend_from_slice(part);
        }
    }
}
