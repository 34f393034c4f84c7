//! Where mutants can be planted in a file, and the file with all of them in it.
//!
//! All mutants of all files are planted in one build: each is an expression that asks whether it is the one that runs. So
//! a build is made once, and a mutant costs what its tests cost.

use proc_macro2::LineColumn;
use std::collections::BTreeMap;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, ReturnType, Type, UnOp};

/// A change of the code.
#[derive(Debug, Clone)]
pub(super) struct Mutant {
    /// The line that it is in.
    pub(super) line: usize,
    /// The function that it is in, what it does, and to which text.
    pub(super) what: String,
    /// How many earlier ones of the file say the same.
    pub(super) nth: usize,
    /// The texts that are put in, where: `{}` stands for the question whether it runs. What closes comes before what opens.
    texts: Vec<(usize, Side, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Closes,
    Opens,
}

/// The places of a file.
pub(super) fn places(text: &str) -> anyhow::Result<Vec<Mutant>> {
    let file = syn::parse_file(text)?;
    let mut starts = vec![0];
    starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
    let mut finder = Finder { text, starts, is_const: false, within: String::new(), mutants: Vec::new() };
    finder.visit_file(&file);
    let mut mutants = finder.mutants;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for mutant in &mut mutants {
        let count = counts.entry(mutant.what.clone()).or_default();
        mutant.nth = *count;
        *count += 1;
    }
    Ok(mutants)
}

/// The file without its tests.
pub(super) fn without_tests(text: &str) -> anyhow::Result<String> {
    let file = syn::parse_file(text)?;
    let lines: Vec<&str> = text.lines().collect();
    let is_of_a_test = |line: &usize| {
        file.items.iter().any(|item| {
            let syn::Item::Mod(item) = item else { return false };
            let span = item.span();
            is_test(&item.attrs) && (span.start().line..=span.end().line).contains(line)
        })
    };
    Ok((1..=lines.len()).filter(|line| !is_of_a_test(line)).map(|line| lines[line - 1]).collect())
}

/// The file with these mutants in it, each with its number.
pub(super) fn plant<'a>(text: &str, mutants: impl Iterator<Item = (usize, &'a Mutant)>) -> String {
    let mut texts = Vec::new();
    for (number, mutant) in mutants {
        let asks = format!("crate::mutant({number})");
        for (at, side, put) in &mutant.texts {
            // Those of one place open from the outside, as they were found, and close in the opposite order.
            let turn = match side {
                Side::Closes => Err(std::cmp::Reverse(number)),
                Side::Opens => Ok(number),
            };
            texts.push((*at, *side, turn, put.replace("{}", &asks)));
        }
    }
    texts.sort_by_key(|(at, side, turn, _)| (*at, *side, *turn));
    let (mut planted, mut from) = (String::with_capacity(text.len() * 2), 0);
    for (at, .., put) in texts {
        planted += &text[from..at];
        planted += &put;
        from = at;
    }
    planted + &text[from..]
}

struct Finder<'t> {
    text: &'t str,
    /// Where each line starts.
    starts: Vec<usize>,
    /// Whether what is looked at is evaluated by the compiler.
    is_const: bool,
    /// The function that is looked at.
    within: String,
    mutants: Vec<Mutant>,
}

/// How many characters of a text say which one is meant.
const SAID: usize = 80;

impl Finder<'_> {
    fn at(&self, place: LineColumn) -> usize {
        let start = self.starts[place.line - 1];
        let line = &self.text[start..];
        start + line.char_indices().nth(place.column).map_or(line.len(), |(at, _)| at)
    }

    fn range(&self, of: &impl Spanned) -> Range<usize> {
        self.at(of.span().start())..self.at(of.span().end())
    }

    /// A mutant that stands around an expression; what closes it is added once all inside is known.
    fn around(&mut self, of: &impl Spanned, what: impl Into<String>, opens: String, closes: &str) -> Around {
        let range = self.range(of);
        let line = of.span().start().line;
        let what = self.says(&what.into(), &self.text[range.clone()]);
        self.mutants.push(Mutant { line, what, nth: 0, texts: vec![(range.start, Side::Opens, opens)] });
        Around { mutant: self.mutants.len() - 1, end: range.end, closes: closes.into() }
    }

    /// What a mutant does to a text, in one line.
    fn says(&self, does: &str, text: &str) -> String {
        let text: Vec<&str> = text.split_whitespace().collect();
        let text: String = text.join(" ").chars().take(SAID).collect();
        format!("{}: {does}: {text}", self.within)
    }

    fn close(&mut self, around: Vec<Around>) {
        for Around { mutant, end, closes } in around.into_iter().rev() {
            self.mutants[mutant].texts.push((end, Side::Closes, closes));
        }
    }

    fn negates(&mut self, of: &impl Spanned, what: &str) -> Around {
        self.around(of, what, "({} ^ (".into(), "))")
    }

    /// The text of an expression, if it can be said again in one line.
    fn said(&self, of: &impl Spanned) -> Option<String> {
        let text = &self.text[self.range(of)];
        (!text.contains("//") && text.len() < 200).then(|| text.replace('\n', " "))
    }

    fn binary(&mut self, binary: &syn::ExprBinary) -> Vec<Around> {
        let mut around = Vec::new();
        let other = match binary.op {
            BinOp::Eq(_) | BinOp::Ne(_) => {
                around.push(self.negates(binary, "says the opposite of a comparison"));
                return around;
            }
            BinOp::Lt(_) => "<=",
            BinOp::Le(_) => "<",
            BinOp::Gt(_) => ">=",
            BinOp::Ge(_) => ">",
            BinOp::Add(_) => "-",
            BinOp::Sub(_) => "+",
            BinOp::AddAssign(_) => "-=",
            BinOp::SubAssign(_) => "+=",
            BinOp::BitOr(_) => "&",
            BinOp::BitAnd(_) => "|",
            _ => return around,
        };
        let sides = self.said(&binary.left).zip(self.said(&binary.right));
        if let Some((left, right)) = sides {
            let opens = format!("(if {{}} {{ {left} {other} {right} }} else {{ ");
            around.push(self.around(binary, format!("takes {other}"), opens, " })"));
        }
        if matches!(binary.op, BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_)) {
            around.push(self.negates(binary, "says the opposite of a comparison"));
        }
        around
    }

    /// A condition that is taken for one that holds, or does not, as part of others.
    fn leaf(&mut self, of: &Expr, holds: bool) -> Option<Around> {
        let is_chain =
            |op: &BinOp| if holds { matches!(op, BinOp::And(_)) } else { matches!(op, BinOp::Or(_)) };
        match of {
            Expr::Let(_) => None,
            Expr::Binary(inner) if is_chain(&inner.op) => None,
            _ if holds => Some(self.around(of, "leaves a condition out", "({} || (".into(), "))")),
            _ => Some(self.around(of, "leaves an alternative out", "(!{} && (".into(), "))")),
        }
    }

    fn body(&mut self, output: &ReturnType, block: &syn::Block) {
        let values: &[&str] = match output {
            ReturnType::Default => &[""],
            ReturnType::Type(_, of) => match &**of {
                Type::Path(path) => {
                    match path.path.segments.last().map(|last| last.ident.to_string()).as_deref() {
                        Some("bool") => &["true", "false"],
                        Some("Option") => &["None"],
                        Some("u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i16" | "i32" | "i64") => {
                            &["0", "1"]
                        }
                        Some("String") => &["String::new()"],
                        Some("Vec") => &["Vec::new()"],
                        _ => &[],
                    }
                }
                _ => &[],
            },
        };
        let at = self.at(block.brace_token.span.open().end());
        let line = block.brace_token.span.open().start().line;
        for value in values {
            let texts = vec![(at, Side::Opens, format!(" if {{}} {{ return {value}; }} "))];
            let what = self.says("returns at once", value);
            self.mutants.push(Mutant { line, what, nth: 0, texts });
        }
    }

    /// Looks into a function.
    fn within(&mut self, name: &syn::Ident, look: impl FnOnce(&mut Self)) {
        let was = std::mem::replace(&mut self.within, name.to_string());
        look(self);
        self.within = was;
    }

    fn within_const(&mut self, is_const: bool, look: impl FnOnce(&mut Self)) {
        let was = std::mem::replace(&mut self.is_const, is_const);
        look(self);
        self.is_const = was;
    }
}

/// A mutant whose end is still to be written.
struct Around {
    mutant: usize,
    end: usize,
    closes: String,
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|of| of.is_ident("test"))
    })
}

/// Methods that say yes or no.
const YES_OR_NO: &[&str] = &[
    "is_some",
    "is_none",
    "is_empty",
    "contains",
    "is_some_and",
    "is_none_or",
    "any",
    "all",
    "is_ok",
    "is_err",
];

impl<'a> Visit<'a> for Finder<'_> {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_const(&mut self, item: &'a syn::ItemConst) {
        self.within_const(true, |finder| visit::visit_item_const(finder, item));
    }

    fn visit_impl_item_const(&mut self, item: &'a syn::ImplItemConst) {
        self.within_const(true, |finder| visit::visit_impl_item_const(finder, item));
    }

    fn visit_item_static(&mut self, item: &'a syn::ItemStatic) {
        self.within_const(true, |finder| visit::visit_item_static(finder, item));
    }

    fn visit_type(&mut self, _: &'a Type) {}

    fn visit_pat(&mut self, _: &'a syn::Pat) {}

    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        let is_const = item.sig.constness.is_some();
        self.within(&item.sig.ident, |finder| {
            if !is_const && !is_test(&item.attrs) {
                finder.body(&item.sig.output, &item.block);
            }
            finder.within_const(is_const, |finder| visit::visit_item_fn(finder, item));
        });
    }

    fn visit_impl_item_fn(&mut self, item: &'a syn::ImplItemFn) {
        let is_const = item.sig.constness.is_some();
        self.within(&item.sig.ident, |finder| {
            if !is_const {
                finder.body(&item.sig.output, &item.block);
            }
            finder.within_const(is_const, |finder| visit::visit_impl_item_fn(finder, item));
        });
    }

    fn visit_expr_closure(&mut self, closure: &'a syn::ExprClosure) {
        self.within_const(false, |finder| visit::visit_expr_closure(finder, closure));
    }

    fn visit_expr_if(&mut self, it: &'a syn::ExprIf) {
        let is_said = matches!(&*it.cond, Expr::Let(_) | Expr::Binary(_) | Expr::Unary(_) | Expr::Macro(_));
        let is_asked =
            matches!(&*it.cond, Expr::MethodCall(call) if YES_OR_NO.contains(&&*call.method.to_string()));
        if self.is_const || is_said || is_asked {
            return visit::visit_expr_if(self, it);
        }
        let around = self.negates(&it.cond, "says the opposite of a condition");
        self.visit_expr(&it.cond);
        self.close(vec![around]);
        self.visit_block(&it.then_branch);
        it.else_branch.iter().for_each(|(_, other)| self.visit_expr(other));
    }

    fn visit_expr_match(&mut self, it: &'a syn::ExprMatch) {
        let falls =
            it.arms.last().is_some_and(|arm| matches!(arm.pat, syn::Pat::Wild(_)) && arm.guard.is_none());
        self.visit_expr(&it.expr);
        let last = it.arms.len().saturating_sub(1);
        for (index, arm) in it.arms.iter().enumerate() {
            match &arm.guard {
                None if falls && index != last && !self.is_const => {
                    let at = self.range(&arm.pat).end;
                    let texts = vec![(at, Side::Closes, " if !{} ".into())];
                    let what = self.says("leaves an arm out", &self.text[self.range(&arm.pat)]);
                    self.mutants.push(Mutant { line: arm.span().start().line, what, nth: 0, texts });
                }
                Some((_, guard)) if !self.is_const && !matches!(**guard, Expr::Let(_)) => {
                    let around = ["({} || (", "(!{} && ("].map(|opens| {
                        let what = if opens.contains('!') { "never takes an arm" } else { "ignores a guard" };
                        self.around(guard, what, opens.into(), "))")
                    });
                    self.visit_expr(guard);
                    self.close(around.into());
                }
                Some((_, guard)) => self.visit_expr(guard),
                None => {}
            }
            self.visit_expr(&arm.body);
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if self.is_const {
            return visit::visit_expr(self, expr);
        }
        let around = match expr {
            Expr::Binary(binary) => match binary.op {
                BinOp::And(_) | BinOp::Or(_) => {
                    let holds = matches!(binary.op, BinOp::And(_));
                    for side in [&binary.left, &binary.right] {
                        let leaf = self.leaf(side, holds);
                        self.visit_expr(side);
                        self.close(leaf.into_iter().collect());
                    }
                    return;
                }
                _ => self.binary(binary),
            },
            Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => {
                vec![self.negates(unary, "says the opposite")]
            }
            Expr::Macro(it) if it.mac.path.is_ident("matches") => {
                vec![self.negates(it, "says the opposite of a match")]
            }
            Expr::MethodCall(call) if YES_OR_NO.contains(&&*call.method.to_string()) => {
                vec![self.negates(call, "says the opposite of an answer")]
            }
            _ => Vec::new(),
        };
        visit::visit_expr(self, expr);
        self.close(around);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planted(text: &str) -> String {
        let mutants = places(text).expect("it is Rust");
        plant(text, mutants.iter().enumerate())
    }

    #[test]
    fn a_file_with_all_mutants_is_rust_again() {
        let text = "fn f(a: u8, b: bool) -> bool { if b && a < 3 || !b { return a == 1; } match a { 1 => true, _ => [a].contains(&a) } }";
        let planted = planted(text);
        syn::parse_file(&planted).unwrap_or_else(|error| panic!("{error}\n{planted}"));
        for what in ["return true", "a <= 3", "|| (b)", "1 if !crate::mutant(", "^ ([a].contains(&a))"] {
            assert!(planted.contains(what), "no {what} in {planted}");
        }
    }

    #[test]
    fn what_the_compiler_evaluates_and_tests_are_left_alone() {
        let text = "const A: bool = 1 == 2;\n#[cfg(test)]\nmod tests { fn f() -> bool { 1 == 2 } }";
        assert_eq!(planted(text), text);
        assert!(planted("const A: fn(u8) -> bool = |a| a == 1;").contains("crate::mutant(0)"));
    }

    #[test]
    fn a_test_is_no_part_of_the_code() {
        let code = "fn f() {}\n";
        let text = format!("{code}#[cfg(test)]\nmod tests {{\n fn g() {{}}\n}}\n");
        assert_eq!(without_tests(&text).expect("it is Rust"), without_tests(code).expect("it is Rust"));
    }

    #[test]
    fn a_mutant_says_its_function_and_its_text() {
        let mutants = places("fn f(a: u8, b: bool) -> bool {\n a\n == 1 && b }").expect("it is Rust");
        let says: Vec<&str> = mutants.iter().map(|mutant| &*mutant.what).collect();
        assert!(says.contains(&"f: says the opposite of a comparison: a == 1"), "{says:?}");
        assert!(says.contains(&"f: returns at once: true"), "{says:?}");
    }
}
