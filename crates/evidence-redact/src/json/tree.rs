//! Where each value of a JSON text stands.

use std::ops::Range;

/// Values nested deeper are not read as JSON.
const DEEPEST: usize = 128;

/// A value; ranges are byte ranges of the text.
#[derive(Debug)]
pub(super) enum Node {
    /// A number, `true`, `false`, `null`, `NaN`.
    Literal(Range<usize>),
    /// A string with its quotes.
    String(Range<usize>),
    Array {
        range: Range<usize>,
        items: Vec<usize>,
    },
    Object {
        members: Vec<Member>,
    },
}

/// A member of an object: the key with its quotes, and the value's index.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) key: Range<usize>,
    pub(super) value: usize,
}

/// All values of a text.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    root: usize,
}

impl Tree {
    /// Reads a text that is one object, array or string. `None` if it is anything else.
    pub(super) fn parse(text: &[u8]) -> Option<Tree> {
        let mut reader = Reader { text, at: 0, nodes: Vec::new() };
        reader.space();
        if !matches!(reader.peek()?, b'{' | b'[' | b'"') {
            return None;
        }
        let root = reader.value(0)?;
        reader.space();
        (reader.at == text.len()).then_some(Tree { nodes: reader.nodes, root })
    }

    pub(super) fn root(&self) -> usize {
        self.root
    }

    pub(super) fn get(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn push(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn value(&mut self, depth: usize) -> Option<usize> {
        if depth > DEEPEST {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => {
                let range = self.string()?;
                Some(self.push(Node::String(range)))
            }
            _ => {
                let start = self.at;
                while self
                    .peek()
                    .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
                {
                    self.at += 1;
                }
                (self.at > start).then(|| self.push(Node::Literal(start..self.at)))
            }
        }
    }

    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(start..self.at);
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<usize> {
        let start = self.at;
        let mut items = Vec::new();
        self.at += 1;
        self.space();
        if self.peek()? == b']' {
            self.at += 1;
            return Some(self.push(Node::Array { range: start..self.at, items }));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            let next = self.peek()?;
            self.at += 1;
            match next {
                b',' => {}
                b']' => return Some(self.push(Node::Array { range: start..self.at, items })),
                _ => return None,
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<usize> {
        let mut members = Vec::new();
        self.at += 1;
        self.space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(self.push(Node::Object { members }));
        }
        loop {
            self.space();
            if self.peek()? != b'"' {
                return None;
            }
            let key = self.string()?;
            self.space();
            if self.peek()? != b':' {
                return None;
            }
            self.at += 1;
            self.space();
            let value = self.value(depth + 1)?;
            members.push(Member { key, value });
            self.space();
            let next = self.peek()?;
            self.at += 1;
            match next {
                b',' => {}
                b'}' => return Some(self.push(Node::Object { members })),
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_json_and_what_is_not() {
        for text in ["{}", "[]", "\"0.5.6\"", " {\"a\": [1, NaN, -Infinity, null]} ", r#"["\""]"#] {
            assert!(Tree::parse(text.as_bytes()).is_some(), "{text}");
        }
        for text in ["", "12", "{", "{\"a\"}", "[1,]", "{} {}", "\"a", "{'a': 1}", "[\"a\\"] {
            assert!(Tree::parse(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(Tree::parse(nested(100).as_bytes()).is_some());
        assert!(Tree::parse(nested(100_000).as_bytes()).is_none());
    }
}
