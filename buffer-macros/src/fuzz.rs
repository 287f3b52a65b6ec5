//! The derive on random tokens, and on declarations that random changes have damaged.
//!
//! Whatever the input, the output is Rust; a fault is a `compile_error!`, beside an implementation that
//! keeps others from following from it. Case `i` has seed `i`, so that one alone can be run again.

use proc_macro2::{Delimiter, Group, Literal, TokenStream, TokenTree};
use syn::visit::Visit;

use crate::corpus;
use crate::derive::derive;
use crate::random::Random;

type Trees = Vec<TokenTree>;

fn trees(text: &str) -> Trees {
    text.parse::<TokenStream>().unwrap().into_iter().collect()
}

/// What random tokens are taken from.
struct Corpus {
    declarations: Vec<Trees>,
    /// Those that the derive accepts.
    sound: Vec<Trees>,
    /// The inside of every group of every declaration.
    insides: Vec<Trees>,
    pool: Vec<Trees>,
}

/// What the declarations of the pinned cases may not contain, and what makes trouble elsewhere.
const WORDS: &[&str] = &[
    "size =",
    "location =",
    "persistent",
    "aliases =",
    "overflow =",
    "zero",
    "live =",
    "part(0..n, live = a)",
    "handoff",
    "prefix =",
    "vars()",
    "crate =",
    "phases()",
    "call =",
    "loop stage { solve }",
    "\"a b\"",
    "\"\"",
    "\"1 +\"",
    "r#type",
    "_",
    "self",
    "Self",
    "max",
    "min(1, n)",
    "if n > 0 { n } else { 0 }",
    "{}",
    "()",
    "[]",
    "'c'",
    "b\"x\"",
    "2.5",
    "1u8",
    "18446744073709551616",
    "340282366920938463463374607431768211456",
    "0x10",
    "|x| x",
    "as usize",
    "::",
    "#",
    "$",
    "?",
    "..",
    "..=",
    "...",
    "'a",
    "match",
    "true",
    "const",
    "unsafe { 1 }",
    "<T>",
    "->",
    "=>",
    "<=",
    "=",
    ",",
    "n - 1",
    "!flag",
    "&&",
    "a.b",
    "#[cfg(x)]",
    "where",
    "\u{e4}",
    "///\n",
    "pub",
];

impl Corpus {
    /// The declarations of all pinned cases.
    fn read() -> Self {
        let declarations: Vec<Trees> = corpus::sources("")
            .iter()
            .flat_map(|file| corpus::declarations(file))
            .map(|declaration| declaration.into_iter().collect())
            .collect();
        let mut pool: Vec<Trees> = WORDS.iter().map(|word| trees(word)).collect();
        // What only macros can make.
        pool.push(vec![Literal::i32_unsuffixed(-1).into()]);
        pool.push(vec![Literal::f64_suffixed(-0.5).into()]);
        pool.push(vec![Group::new(Delimiter::None, TokenStream::new()).into()]);
        pool.push(vec![Group::new(Delimiter::None, trees("n + 1").into_iter().collect()).into()]);
        let mut insides = Vec::new();
        for declaration in &declarations {
            collect(declaration, &mut insides, &mut pool);
        }
        let is_sound = |tokens: &&Trees| accepts(0, tokens.iter().cloned().collect());
        let sound = declarations.iter().filter(is_sound).cloned().collect();
        Self { declarations, sound, insides, pool }
    }
}

fn collect(level: &[TokenTree], insides: &mut Vec<Trees>, pool: &mut Vec<Trees>) {
    for tree in level {
        pool.push(vec![tree.clone()]);
        if let TokenTree::Group(group) = tree {
            let inside: Trees = group.stream().into_iter().collect();
            collect(&inside, insides, pool);
            insides.push(inside);
        }
    }
}

/// Up to `most` times some tokens in a row, now and then in parentheses of some kind.
fn stream(random: &mut Random, corpus: &Corpus, most: usize) -> Trees {
    let mut tokens = Vec::new();
    for _ in 0..random.below(most + 1) {
        if random.one_in(8) {
            let inside = stream(random, corpus, most / 2);
            tokens.push(Group::new(delimiter(random), inside.into_iter().collect()).into());
        } else {
            tokens.extend(random.pick(&corpus.pool).iter().cloned());
        }
    }
    tokens
}

fn delimiter(random: &mut Random) -> Delimiter {
    use Delimiter::{Brace, Bracket, None, Parenthesis};
    *random.pick(&[Parenthesis, Parenthesis, Bracket, Brace, None])
}

/// A struct whose attributes hold random tokens.
fn attributes(random: &mut Random, corpus: &Corpus) -> Trees {
    let [on_struct, on_field, on_alias] =
        [8, 16, 4].map(|most| TokenStream::from_iter(stream(random, corpus, most)));
    let name = quote::format_ident!("{}", random.pick(&["buffer", "buffer", "child", "buffers"]));
    let tokens = quote::quote! {
        #[buffers(vars(n >= 1), phases(start, loop stage { base, solve }), #on_struct)]
        struct A<const N: usize> {
            n: usize,
            flag: bool,
            #[#name(#on_field)]
            first: Buffer,
            #[buffer(size = n, aliases = first, #on_alias)]
            second: Buffer,
        }
    };
    tokens.into_iter().collect()
}

/// Makes one change, at some level of the tokens; rarely at the outermost, where little is left then.
fn mutate(random: &mut Random, corpus: &Corpus, depth: usize, mut level: Trees) -> Trees {
    let groups: Vec<usize> =
        (0..level.len()).filter(|&index| matches!(&level[index], TokenTree::Group(_))).collect();
    if !groups.is_empty() && !random.one_in(if depth == 0 { 16 } else { 4 }) {
        let index = *random.pick(&groups);
        let TokenTree::Group(group) = &level[index] else { return level };
        let inside = mutate(random, corpus, depth + 1, group.stream().into_iter().collect());
        let delimiter = if random.one_in(50) { delimiter(random) } else { group.delimiter() };
        level[index] = Group::new(delimiter, inside.into_iter().collect()).into();
        return level;
    }
    let (first, second) = (random.below(level.len() + 1), random.below(level.len() + 1));
    let few = first..(first + random.below(4)).min(level.len());
    match random.below(7) {
        0 => drop(level.drain(few)),
        1 => {
            let copy = level[few].to_vec();
            level.splice(second..second, copy);
        }
        2 if first < level.len() && second < level.len() => level.swap(first, second),
        3 => drop(level.splice(few, random.pick(&corpus.pool).iter().cloned())),
        4 => drop(level.splice(first..first, random.pick(&corpus.pool).iter().cloned())),
        5 => {
            let donor = random.pick(&corpus.insides);
            let start = random.below(donor.len() + 1);
            let end = start + random.below(donor.len() - start + 1);
            level.splice(few, donor[start..end].iter().cloned());
        }
        _ if first < level.len() => {
            let inside = TokenStream::from(level[first].clone());
            level[first] = Group::new(delimiter(random), inside).into();
        }
        _ => {}
    }
    level
}

fn case(seed: u64, corpus: &Corpus) -> TokenStream {
    let mut random = Random::new(seed);
    let tokens = match random.below(10) {
        0 => stream(&mut random, corpus, 24),
        1..=3 => attributes(&mut random, corpus),
        _ => {
            let some = if random.one_in(3) { &corpus.declarations } else { &corpus.sound };
            let mut tokens = random.pick(some).clone();
            for _ in 0..=random.below(3) {
                tokens = mutate(&mut random, corpus, 0, tokens);
            }
            tokens
        }
    };
    tokens.into_iter().collect()
}

/// What stands in the derive's output.
#[derive(Default)]
struct Output {
    errors: usize,
    implements: bool,
}

impl Visit<'_> for Output {
    fn visit_item_macro(&mut self, item: &syn::ItemMacro) {
        let path = &item.mac.path;
        self.errors += usize::from(path.segments.last().unwrap().ident == "compile_error");
    }

    fn visit_item_impl(&mut self, item: &syn::ItemImpl) {
        let (path, _) = item.trait_.as_ref().unwrap();
        self.implements |= path.segments.last().unwrap().ident == "Buffers";
    }
}

/// Whether the derive takes the input; fails where it does not answer as it should.
fn accepts(seed: u64, input: TokenStream) -> bool {
    let text = || format!("case {seed}: {input}");
    let output = std::panic::catch_unwind(|| derive(input.clone()));
    let output = output.unwrap_or_else(|_| panic!("a panic in {}", text()));
    let file = syn::parse2(output).unwrap_or_else(|error| panic!("{error} in {}", text()));
    let mut found = Output::default();
    found.visit_file(&file);
    // The compiler lets nothing else through to a derive.
    let is_item = found.implements || syn::parse2::<syn::DeriveInput>(input.clone()).is_ok();
    assert_eq!(found.implements, is_item, "no implementation in {}", text());
    assert!(found.errors > 0 || found.implements, "no error in {}", text());
    found.errors == 0
}

#[test]
fn no_tokens_make_it_panic_or_answer_nothing() {
    const CASES: u64 = 100_000;
    let corpus = Corpus::read();
    assert!(corpus.sound.len() > 50, "{} sound declarations", corpus.sound.len());
    let accepted = (0..CASES).filter(|&seed| accepts(seed, case(seed, &corpus))).count();
    println!("{CASES} cases, {accepted} of them accepted");
    // Both sides are met.
    assert!((5_000..95_000).contains(&accepted), "{accepted} accepted");
}
