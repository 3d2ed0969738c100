//! Request logs: how long prompts are, what they share, how long the first token took.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use serde::Serialize;

use super::records::{RequestRecord, each_csv, each_json};

use crate::clean::cut;
use crate::evidence::Evidence;
use crate::place::{Issue, Place};
use crate::reader::Ctx;

/// Most different prompts, heads, salts and conversations that are told apart.
const MOST: usize = 200_000;
/// Most numbers of one sort that quantiles are taken of; of more, every nth.
const SAMPLES: usize = 200_000;
/// Most phases and engines that are counted apart.
const GROUPS: usize = 64;

/// Quantiles of a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Quantiles {
    /// How many requests have it.
    pub count: u64,
    /// Sum.
    pub sum: f64,
    /// Smallest.
    pub min: f64,
    /// Half are below.
    pub p50: f64,
    /// Nine of ten are below.
    pub p90: f64,
    /// 99 of 100 are below.
    pub p99: f64,
    /// Largest.
    pub max: f64,
}

/// Time to the first token in seconds, by whether the prompt was seen before.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RepeatTtft {
    /// Prompts seen for the first time.
    pub first: Option<Quantiles>,
    /// Prompts seen before with the same salt.
    pub same_salt: Option<Quantiles>,
    /// Prompts seen before, but only with other salts.
    pub other_salt: Option<Quantiles>,
}

/// Requests whose prompt came before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Repeats {
    /// How many.
    pub requests: u64,
    /// Of these, with hits.
    pub with_hits: u64,
}

/// What a request log says, in sum.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RequestsSummary {
    /// Requests.
    pub requests: u64,
    /// Requests that failed (an error, or a status of 400 and more).
    pub failed: u64,
    /// Prompt length in tokens.
    pub prompt_tokens: Option<Quantiles>,
    /// Prompt tokens that the engine reported as cached.
    pub cached_tokens: Option<Quantiles>,
    /// Requests with cached tokens or hit chunks above 0.
    pub with_hits: u64,
    /// Hit chunks, where the client of the cache itself reports them.
    pub hit_chunks: Option<Quantiles>,
    /// Output length in tokens.
    pub output_tokens: Option<Quantiles>,
    /// Time to the first token in seconds.
    pub ttft: Option<Quantiles>,
    /// The same of requests with hits.
    pub ttft_hit: Option<Quantiles>,
    /// The same of requests that report no hit.
    pub ttft_miss: Option<Quantiles>,
    /// The same by repetition of prompts.
    pub ttft_repeat: RepeatTtft,
    /// The same by phase or label, and by engine, of logs that name more than one.
    pub ttft_groups: BTreeMap<String, Quantiles>,
    /// Duration in seconds.
    pub e2e: Option<Quantiles>,
    /// Lookup, store and retrieve times in seconds, where the client of the cache reports them.
    pub calls: BTreeMap<String, Quantiles>,
    /// Stores and retrieves that were answered with false.
    pub refused_calls: u64,
    /// Requests that carry a salt that is not empty.
    pub salted: u64,
    /// Different salts, the empty one not counted.
    pub salts: u64,
    /// Different tenants.
    pub tenants: u64,
    /// Different prompts, where the log has a hash.
    pub prompts: u64,
    /// Requests whose prompt was seen before.
    pub repeated_prompts: u64,
    /// Requests whose prompt was seen before, but only with another salt.
    pub repeated_under_other_salt: u64,
    /// Of the requests that name their engine and say whether they hit, those whose prompt this
    /// engine had before.
    pub repeats_at_engine: Repeats,
    /// The same of those whose prompt only other engines had before.
    pub repeats_elsewhere: Repeats,
    /// Later turns of which the blocks of the prompt are known.
    pub turns_with_blocks: u64,
    /// Of these, turns with a block unlike that of the turn before, in front of one that is alike.
    pub turns_with_changed_block: u64,
    /// Prompt tokens of the turns before later turns, in sum, where no turn is shorter.
    pub repeatable_tokens: f64,
    /// Requests that say something about the head of their prompt.
    pub with_head: u64,
    /// Different heads.
    pub heads: u64,
    /// Share of the requests with a head whose head was seen before (0 to 1).
    pub shared_head_share: Option<f64>,
    /// Conversations.
    pub conversations: u64,
    /// Turns after the first of a conversation.
    pub later_turns: u64,
    /// Of these, turns whose head differs from that of the turn before: nothing is shared then.
    pub turns_with_changed_head: u64,
    /// Later turns whose turn before has its lengths.
    pub turns_after_known: u64,
    /// Prompt tokens of the turns before those, in sum.
    pub earlier_prompt_tokens: f64,
    /// Output tokens of the turns before those, in sum.
    pub earlier_output_tokens: f64,
    /// Least number of characters that heads of following turns share, where heads are texts.
    pub common_head_chars: Option<u64>,
    /// Requests by phase or label.
    pub phases: BTreeMap<String, u64>,
    /// Lines that could not be read.
    pub bad_lines: u64,
    /// More was in the log than is told apart; counts of different things are lower bounds.
    pub capped: bool,
    /// Where it was read.
    pub place: Place,
}

fn key_of(text: &str) -> u64 {
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[derive(Default)]
struct Numbers {
    values: Vec<f64>,
    count: u64,
    sum: f64,
}

impl Numbers {
    fn add(&mut self, n: f64) {
        self.count += 1;
        self.sum += n;
        if self.values.len() < SAMPLES || self.count.is_multiple_of(16) {
            if self.values.len() >= 2 * SAMPLES {
                let mut keep = false;
                self.values.retain(|_| {
                    keep = !keep;
                    keep
                });
            }
            self.values.push(n);
        }
    }

    fn done(mut self) -> Option<Quantiles> {
        self.values.sort_by(f64::total_cmp);
        let last = self.values.len().checked_sub(1)?;
        let at = |percent: usize| {
            self.values.get((last * percent).div_ceil(100)).copied().unwrap_or_default()
        };
        Some(Quantiles {
            count: self.count,
            sum: self.sum,
            min: at(0),
            p50: at(50),
            p90: at(90),
            p99: at(99),
            max: at(100),
        })
    }
}

/// Adds a number to its group, as long as there is room for groups.
fn add_to(groups: &mut BTreeMap<String, Numbers>, group: &str, n: f64) {
    if let Some(numbers) = groups.get_mut(group) {
        numbers.add(n);
    } else if groups.len() < GROUPS {
        groups.entry(group.to_owned()).or_default().add(n);
    }
}

#[derive(Default)]
struct State {
    out: RequestsSummary,
    phases: BTreeMap<String, u64>,
    ttft_phase: BTreeMap<String, Numbers>,
    ttft_engine: BTreeMap<String, Numbers>,
    numbers: BTreeMap<&'static str, Numbers>,
    ttft_hit: Numbers,
    ttft_miss: Numbers,
    ttft_first: Numbers,
    ttft_same: Numbers,
    ttft_other: Numbers,
    salts: BTreeSet<u64>,
    tenants: BTreeSet<u64>,
    prompts: BTreeMap<u64, BTreeSet<u64>>,
    /// Engines that had a prompt under a salt.
    served: BTreeMap<(u64, u64), BTreeSet<u64>>,
    heads: BTreeSet<u64>,
    shared: u64,
    conversations: BTreeMap<u64, Turn>,
}

/// The last turn of a conversation.
#[derive(Default)]
struct Turn {
    /// Hash of its head.
    head: u64,
    /// The head, where it is a text.
    text: Option<String>,
    /// Prompt and output tokens.
    lengths: Option<(f64, f64)>,
    /// Prompt tokens.
    prompt: Option<f64>,
    /// Hashes of the blocks of its prompt.
    blocks: Vec<u64>,
}

impl State {
    fn room(&mut self, len: usize) -> bool {
        self.out.capped |= len >= MOST;
        len < MOST
    }

    fn add(&mut self, record: &RequestRecord<'_>) {
        self.out.requests += 1;
        let number = |name: &str| record.number(name);
        let text = |name: &str| record.text(name);
        for name in [
            "prompt_tokens",
            "cached_tokens",
            "output_tokens",
            "ttft",
            "e2e",
            "lookup",
            "store",
            "retrieve",
            "hit_chunks",
        ] {
            if let Some(n) = number(name) {
                self.numbers.entry(name).or_default().add(n);
            }
        }
        let status = number("status").is_some_and(|n| n >= 400.0);
        let error = record.is_there("error");
        self.out.failed += u64::from(status || error);
        for name in ["store_ok", "retrieve_ok"] {
            self.out.refused_calls += u64::from(record.flag(name) == Some(false));
        }
        let hits = number("cached_tokens").or_else(|| number("hit_chunks"));
        self.out.with_hits += u64::from(hits.is_some_and(|n| n > 0.0));
        let ttft = number("ttft");
        match (ttft, hits) {
            (Some(t), Some(n)) if n > 0.0 => self.ttft_hit.add(t),
            (Some(t), Some(_)) => self.ttft_miss.add(t),
            _ => {}
        }
        let salt = text("salt").filter(|s| !s.is_empty());
        let salt_key = salt.as_deref().map_or(0, key_of);
        self.out.salted += u64::from(salt.is_some());
        if salt.is_some() && self.room(self.salts.len()) {
            self.salts.insert(salt_key);
        }
        if let Some(tenant) = text("tenant")
            && self.room(self.tenants.len())
        {
            self.tenants.insert(key_of(&tenant));
        }
        if let Some(prompt) = text("prompt_hash").or_else(|| text("prompt_tag")) {
            let prompt = key_of(&prompt);
            self.prompt(prompt, salt_key, ttft);
            if let (Some(engine), Some(hits)) = (text("engine"), hits) {
                self.served(prompt, salt_key, key_of(&engine), hits > 0.0);
            }
        }
        let lengths = number("prompt_tokens").zip(number("output_tokens"));
        let turn = Turn {
            lengths,
            prompt: number("prompt_tokens"),
            blocks: record.digests("blocks").iter().map(|d| key_of(d)).collect(),
            ..Turn::default()
        };
        self.head(text("head_hash"), text("head_text"), text("conversation"), turn);
        if let Some(t) = ttft {
            for (name, groups) in
                [("phase", &mut self.ttft_phase), ("engine", &mut self.ttft_engine)]
            {
                if let Some(group) = text(name) {
                    add_to(groups, cut(&group, 256), t);
                }
            }
        }
        if let Some(phase) = text("phase") {
            let phase = cut(&phase, 256);
            if let Some(count) = self.phases.get_mut(phase) {
                *count += 1;
            } else if self.phases.len() < GROUPS {
                self.phases.insert(phase.to_owned(), 1);
            }
        }
    }

    fn prompt(&mut self, prompt: u64, salt: u64, ttft: Option<f64>) {
        let room = self.room(self.prompts.len());
        let Some(salts) = self.prompts.get_mut(&prompt) else {
            if room {
                self.prompts.insert(prompt, BTreeSet::from([salt]));
                if let Some(t) = ttft {
                    self.ttft_first.add(t);
                }
            }
            return;
        };
        self.out.repeated_prompts += 1;
        let same = salts.contains(&salt);
        if salts.len() < 1024 {
            salts.insert(salt);
        }
        self.out.repeated_under_other_salt += u64::from(!same);
        if let Some(t) = ttft {
            if same { &mut self.ttft_same } else { &mut self.ttft_other }.add(t);
        }
    }

    /// A prompt at an engine, and whether it hit.
    fn served(&mut self, prompt: u64, salt: u64, engine: u64, hit: bool) {
        let room = self.room(self.served.len());
        let Some(engines) = self.served.get_mut(&(prompt, salt)) else {
            if room {
                self.served.insert((prompt, salt), BTreeSet::from([engine]));
            }
            return;
        };
        let repeats = if engines.contains(&engine) {
            &mut self.out.repeats_at_engine
        } else {
            &mut self.out.repeats_elsewhere
        };
        repeats.requests += 1;
        repeats.with_hits += u64::from(hit);
        if engines.len() < GROUPS {
            engines.insert(engine);
        }
    }

    fn head(
        &mut self,
        hash: Option<String>,
        text: Option<String>,
        conversation: Option<String>,
        turn: Turn,
    ) {
        let head = hash.or_else(|| text.clone()).map(|h| key_of(&h));
        if let Some(head) = head {
            self.out.with_head += 1;
            if self.heads.contains(&head) {
                self.shared += 1;
            } else if self.room(self.heads.len()) {
                self.heads.insert(head);
            }
        }
        let Some(conversation) = conversation.map(|c| key_of(&c)) else { return };
        let text = text.map(|t| cut(&t, 512).to_owned());
        if let Some(last) = self.conversations.get(&conversation) {
            self.out.later_turns += 1;
            if let (Some(before), Some(now)) = (last.prompt, turn.prompt)
                && now >= before
            {
                self.out.repeatable_tokens += before;
            }
            if !last.blocks.is_empty() && !turn.blocks.is_empty() {
                self.out.turns_with_blocks += 1;
                let mut pairs = last.blocks.iter().zip(&turn.blocks);
                let changed = pairs.any(|(a, b)| a != b) && pairs.any(|(a, b)| a == b);
                self.out.turns_with_changed_block += u64::from(changed);
            }
            if let Some((prompt, output)) = last.lengths {
                self.out.turns_after_known += 1;
                self.out.earlier_prompt_tokens += prompt;
                self.out.earlier_output_tokens += output;
            }
            if head.is_some_and(|h| h != last.head) {
                self.out.turns_with_changed_head += 1;
                if let (Some(a), Some(b)) = (&last.text, &text) {
                    let same = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count() as u64;
                    let least = self.out.common_head_chars.unwrap_or(u64::MAX).min(same);
                    self.out.common_head_chars = Some(least);
                }
            }
        } else if !self.room(self.conversations.len()) {
            return;
        }
        let turn = Turn { head: head.unwrap_or_default(), text, ..turn };
        self.conversations.insert(conversation, turn);
    }

    fn done(mut self, ctx: &Ctx<'_>) -> RequestsSummary {
        let mut take = |name: &str| self.numbers.remove(name).and_then(Numbers::done);
        let mut out = self.out;
        out.prompt_tokens = take("prompt_tokens");
        out.cached_tokens = take("cached_tokens");
        out.output_tokens = take("output_tokens");
        out.hit_chunks = take("hit_chunks");
        out.ttft = take("ttft");
        out.e2e = take("e2e");
        for name in ["lookup", "store", "retrieve"] {
            if let Some(q) = take(name) {
                out.calls.insert(name.to_owned(), q);
            }
        }
        out.ttft_hit = self.ttft_hit.done();
        out.ttft_miss = self.ttft_miss.done();
        out.ttft_repeat = RepeatTtft {
            first: self.ttft_first.done(),
            same_salt: self.ttft_same.done(),
            other_salt: self.ttft_other.done(),
        };
        out.salts = self.salts.len() as u64;
        out.tenants = self.tenants.len() as u64;
        out.prompts = self.prompts.len() as u64;
        out.heads = self.heads.len() as u64;
        out.conversations = self.conversations.len() as u64;
        out.shared_head_share =
            (out.with_head > 0).then(|| self.shared as f64 / out.with_head as f64);
        for (phase, count) in self.phases {
            *out.phases.entry(cut(&ctx.cleaner.text(&phase), 80).to_owned()).or_default() += count;
        }
        for groups in [self.ttft_phase, self.ttft_engine] {
            if groups.len() < 2 {
                continue;
            }
            for (group, numbers) in groups {
                let name = cut(&ctx.cleaner.text(&group), 80).to_owned();
                if let Some(q) = numbers.done() {
                    out.ttft_groups.entry(name).or_insert(q);
                }
            }
        }
        out.place = ctx.base.clone();
        out
    }
}

/// One JSON object a request; also a JSON array of them.
pub(crate) fn requests_jsonl(ctx: &Ctx<'_>, text: &str, out: &mut Evidence) {
    let mut state = State::default();
    let bad = each_json(text, &mut |record| state.add(record));
    state.out.bad_lines = bad.lines;
    if let Some(line) = bad.first {
        out.issues.push(Issue {
            message: "a line is not JSON; such lines are counted".into(),
            place: ctx.base.line(line),
        });
    }
    out.environment.requests.push(state.done(ctx));
}

/// One CSV row a request.
pub(crate) fn requests_csv(ctx: &Ctx<'_>, text: &str, out: &mut Evidence) {
    let mut state = State::default();
    let Some(bad) = each_csv(text, &mut |record| state.add(record)) else { return };
    state.out.bad_lines = bad.lines;
    out.environment.requests.push(state.done(ctx));
}
