//! The language of `expression` rules: a part of CEL (the Common Expression Language), so that what is written here means
//! the same to every other reader of CEL. Read by a parser of our own; why is in decision page 0010.
//!
//! ```text
//! whole   = or [ "?" or ":" whole ]
//! or      = and { "||" and }                and  = compare { "&&" compare }
//! compare = sum [ ("<"|"<="|">"|">="|"=="|"!=") sum ]
//! sum     = product { ("+"|"-") product }   product = unary { ("*"|"/") unary }
//! unary   = { "!"|"-" } atom
//! atom    = number | "true" | "false" | metric | function "(" whole { "," whole } ")" | "(" whole ")"
//! function = "math.abs" | "math.least" | "math.greatest"
//! ```
//! A metric is written by its name (`temperature`, `smoke_alarm`, `vendor.vibration1`) and is a number in its canonical
//! unit, or true or false; a maker's own is a number. Every number is a double. What is not known (no reading, a
//! division by zero, a result that is not finite) makes what depends on it unknown; `&&` and `||` have a value all
//! the same where one side decides, as CEL has it for errors.
//!
//! Bounds: the text has at most [`TEXT_MAX`] characters, and nests at most [`DEPTH_MAX`] deep. There is no loop, no
//! list and no text, so that a formula costs at most its length.

use crate::expression::number;
use crate::metric_keys::known_metric;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use watchfire_model::{Metric, Value};

/// Characters of a formula.
pub const TEXT_MAX: usize = 500;
/// Brackets within brackets.
pub const DEPTH_MAX: usize = 16;

/// A checked formula.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Formula {
    text: String,
    root: Node,
    metrics: BTreeSet<Metric>,
}

/// What is wrong with a formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormulaError {
    /// Characters before it.
    at: usize,
    message: String,
}

impl fmt::Display for FormulaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: {}", self.at + 1, self.message)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Number(f64),
    Truth(bool),
    Metric(Metric),
    Not(Box<Node>),
    Minus(Box<Node>),
    Pair(Operator, Box<Node>, Box<Node>),
    Choice(Box<Node>, Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Less,
    AtMost,
    More,
    AtLeast,
    Same,
    Other,
    Plus,
    Minus,
    Times,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Abs,
    Least,
    Greatest,
}

/// What a part of a formula is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Number,
    Truth,
}

/// The operators, the longer first, each with how strongly it binds.
const OPERATORS: [(&str, Operator, u8); 12] = [
    ("||", Operator::Or, 1),
    ("&&", Operator::And, 2),
    ("<=", Operator::AtMost, 3),
    (">=", Operator::AtLeast, 3),
    ("==", Operator::Same, 3),
    ("!=", Operator::Other, 3),
    ("<", Operator::Less, 3),
    (">", Operator::More, 3),
    ("+", Operator::Plus, 4),
    ("-", Operator::Minus, 4),
    ("*", Operator::Times, 5),
    ("/", Operator::Over, 5),
];

impl Formula {
    /// Reads a formula.
    ///
    /// # Errors
    /// What is wrong, where, and what to write instead.
    pub fn parse(text: &str) -> Result<Formula, FormulaError> {
        if text.chars().count() > TEXT_MAX {
            return Err(FormulaError { at: TEXT_MAX, message: format!("is longer than {TEXT_MAX} characters") });
        }
        let mut parser = Parser { text, at: 0, depth: 0, metrics: BTreeSet::new() };
        let (root, of) = parser.whole()?;
        parser.skip_space();
        if parser.at < text.len() {
            return Err(parser.error("is more than the formula needs; join parts with `&&` or `||`"));
        }
        if of != Type::Truth {
            return Err(FormulaError { at: 0, message: "is a number; compare it with something".to_owned() });
        }
        if parser.metrics.is_empty() {
            return Err(FormulaError { at: 0, message: "names no metric: it never changes".to_owned() });
        }
        Ok(Formula { text: text.to_owned(), root, metrics: parser.metrics })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its outermost part.
    pub(crate) fn root(&self) -> &Node {
        &self.root
    }

    /// The metrics that it names.
    pub(crate) fn metrics(&self) -> &BTreeSet<Metric> {
        &self.metrics
    }

    /// Whether it is true; `None`: not known.
    pub(crate) fn is_true(&self, known: &impl Fn(&Metric) -> Option<Value>) -> Option<bool> {
        self.root.value(known).map(|value| value != 0.0)
    }
}

impl TryFrom<String> for Formula {
    type Error = String;

    fn try_from(text: String) -> Result<Formula, String> {
        Formula::parse(&text).map_err(|error| error.to_string())
    }
}

impl From<Formula> for String {
    fn from(formula: Formula) -> String {
        formula.text
    }
}

impl Node {
    /// Its value, true being 1; types were checked when it was read.
    fn value(&self, known: &impl Fn(&Metric) -> Option<Value>) -> Option<f64> {
        let value = match self {
            Node::Number(number) => *number,
            Node::Truth(truth) => from_truth(*truth),
            Node::Metric(metric) => number(known(metric)?),
            Node::Not(of) => 1.0 - of.value(known)?,
            Node::Minus(of) => -of.value(known)?,
            Node::Pair(operator @ (Operator::And | Operator::Or), one, other) => {
                let decides = from_truth(*operator == Operator::Or);
                match (one.value(known), other.value(known)) {
                    (Some(value), _) | (_, Some(value)) if value == decides => decides,
                    (Some(_), Some(_)) => 1.0 - decides,
                    _ => return None,
                }
            }
            Node::Pair(operator, one, other) => pair(*operator, one.value(known)?, other.value(known)?),
            Node::Choice(which, one, other) => {
                if which.value(known)? != 0.0 {
                    one.value(known)?
                } else {
                    other.value(known)?
                }
            }
            Node::Call(function, of) => {
                let values: Option<Vec<f64>> = of.iter().map(|node| node.value(known)).collect();
                let values = values?.into_iter();
                match function {
                    Function::Abs => values.map(f64::abs).next()?,
                    Function::Least => values.reduce(f64::min)?,
                    Function::Greatest => values.reduce(f64::max)?,
                }
            }
        };
        value.is_finite().then_some(value)
    }
}

#[expect(clippy::float_cmp, reason = "`==` of the language is exact")]
fn pair(operator: Operator, one: f64, other: f64) -> f64 {
    match operator {
        Operator::Less => from_truth(one < other),
        Operator::AtMost => from_truth(one <= other),
        Operator::More => from_truth(one > other),
        Operator::AtLeast => from_truth(one >= other),
        Operator::Same => from_truth(one == other),
        Operator::Other => from_truth(one != other),
        Operator::Plus => one + other,
        Operator::Minus => one - other,
        Operator::Times => one * other,
        Operator::Over => one / other,
        Operator::And => one * other,
        Operator::Or => one.max(other),
    }
}

fn from_truth(truth: bool) -> f64 {
    f64::from(u8::from(truth))
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    metrics: BTreeSet<Metric>,
}

type Parsed = Result<(Node, Type), FormulaError>;

impl<'t> Parser<'t> {
    fn whole(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error(&format!("nests more than {DEPTH_MAX} deep")));
        }
        let (which, of) = self.binary(1)?;
        let parsed = if self.takes("?") {
            self.must(of, Type::Truth)?;
            let (one, of_one) = self.binary(1)?;
            if !self.takes(":") {
                return Err(self.error("a `:` is missing after `?`"));
            }
            let (other, of_other) = self.whole()?;
            self.must(of_other, of_one)?;
            (Node::Choice(Box::new(which), Box::new(one), Box::new(other)), of_one)
        } else {
            (which, of)
        };
        self.depth -= 1;
        Ok(parsed)
    }

    /// Operators that bind at least so strongly.
    fn binary(&mut self, strength: u8) -> Parsed {
        let (mut left, mut of) = self.unary()?;
        while let Some((operator, binds)) = self.operator(strength) {
            let (right, of_right) = self.binary(binds + 1)?;
            let (wanted, gives) = match operator {
                Operator::Or | Operator::And => (Type::Truth, Type::Truth),
                Operator::Same | Operator::Other => (of, Type::Truth),
                Operator::Less | Operator::AtMost | Operator::More | Operator::AtLeast => (Type::Number, Type::Truth),
                Operator::Plus | Operator::Minus | Operator::Times | Operator::Over => (Type::Number, Type::Number),
            };
            self.must(of, wanted)?;
            self.must(of_right, wanted)?;
            left = Node::Pair(operator, Box::new(left), Box::new(right));
            of = gives;
        }
        Ok((left, of))
    }

    fn operator(&mut self, strength: u8) -> Option<(Operator, u8)> {
        self.skip_space();
        let rest = self.rest();
        let (word, operator, binds) = OPERATORS.iter().find(|(word, _, _)| rest.starts_with(word))?;
        if *binds < strength {
            return None;
        }
        self.at += word.len();
        Some((*operator, *binds))
    }

    fn unary(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error(&format!("nests more than {DEPTH_MAX} deep")));
        }
        let parsed = if self.takes("!") {
            let (node, of) = self.unary()?;
            self.must(of, Type::Truth)?;
            (Node::Not(Box::new(node)), of)
        } else if self.takes("-") {
            let (node, of) = self.unary()?;
            self.must(of, Type::Number)?;
            (Node::Minus(Box::new(node)), of)
        } else {
            self.atom()?
        };
        self.depth -= 1;
        Ok(parsed)
    }

    fn atom(&mut self) -> Parsed {
        if self.takes("(") {
            let parsed = self.whole()?;
            return if self.takes(")") { Ok(parsed) } else { Err(self.error("a `)` is missing")) };
        }
        let start = self.at;
        let word = self.word();
        if word.is_empty() {
            return Err(self.error("a metric, a number or a bracket is missing"));
        }
        let wrong = |message: String| FormulaError { at: start, message };
        if word.starts_with(|first: char| first.is_ascii_digit()) {
            let number = word.parse::<f64>().ok().filter(|number| number.is_finite());
            let number = number.ok_or_else(|| wrong(format!("`{word}` is not a number")))?;
            return Ok((Node::Number(number), Type::Number));
        }
        match word {
            "true" => Ok((Node::Truth(true), Type::Truth)),
            "false" => Ok((Node::Truth(false), Type::Truth)),
            "math.abs" => self.call(Function::Abs),
            "math.least" => self.call(Function::Least),
            "math.greatest" => self.call(Function::Greatest),
            name => {
                let metric = known_metric(name).map_err(wrong)?;
                let of = if metric.is_boolean() == Some(true) { Type::Truth } else { Type::Number };
                self.metrics.insert(metric.clone());
                Ok((Node::Metric(metric), of))
            }
        }
    }

    fn call(&mut self, function: Function) -> Parsed {
        let mut of = Vec::new();
        let mut next = self.takes("(");
        while next {
            let (node, is) = self.whole()?;
            self.must(is, Type::Number)?;
            of.push(node);
            next = self.takes(",");
        }
        let fits = if function == Function::Abs { of.len() == 1 } else { of.len() >= 2 };
        if !fits || !self.takes(")") {
            let wanted = if function == Function::Abs { "one number" } else { "two numbers or more" };
            return Err(self.error(&format!("the function takes {wanted} in brackets")));
        }
        Ok((Node::Call(function, of), Type::Number))
    }

    /// A name or a number.
    fn word(&mut self) -> &'t str {
        self.skip_space();
        let rest = self.rest();
        let belongs = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '.';
        let length = rest.find(|letter| !belongs(letter)).unwrap_or(rest.len());
        let (word, _) = rest.split_at(length);
        self.at += length;
        word
    }

    fn takes(&mut self, sign: &str) -> bool {
        self.skip_space();
        // `!=` is an operator, not a negation.
        let there = self.rest().starts_with(sign) && !(sign == "!" && self.rest().starts_with("!="));
        if there {
            self.at += sign.len();
        }
        there
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn must(&self, is: Type, wanted: Type) -> Result<(), FormulaError> {
        match (is, wanted) {
            (Type::Truth, Type::Number) => Err(self.error("what stands before is true or false, not a number")),
            (Type::Number, Type::Truth) => Err(self.error("what stands before is a number; compare it with something")),
            _ => Ok(()),
        }
    }

    fn error(&self, message: &str) -> FormulaError {
        let at = self.text.get(..self.at).map_or(0, |before| before.chars().count());
        FormulaError { at, message: message.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<bool> {
        let known = |metric: &Metric| match metric {
            Metric::Temperature => Some(Value::Number(48.0)),
            Metric::Power => Some(Value::Number(0.0)),
            Metric::SmokeAlarm => Some(Value::Bool(true)),
            Metric::Vendor(_) => Some(Value::Number(3.5)),
            _ => None,
        };
        Formula::parse(text).unwrap().is_true(&known)
    }

    #[test]
    fn formulas_mean_what_cel_says() {
        for (text, wanted) in [
            ("temperature > 45.0", Some(true)),
            ("temperature > 45 && power < 5.0", Some(true)),
            ("!smoke_alarm || temperature != 48.0", Some(false)),
            ("temperature - 2.0 * 20.0 == 8.0", Some(true)),
            ("-temperature < -40.0", Some(true)),
            ("math.greatest(power, vendor.vibration1) >= 3.5", Some(true)),
            ("math.abs(power - temperature) < 40.0", Some(false)),
            ("smoke_alarm ? temperature > 40.0 : temperature > 60.0", Some(true)),
            ("smoke_alarm == true", Some(true)),
            // Unknown: no reading of humidity, and a division by zero.
            ("humidity > 50.0", None),
            ("humidity > 50.0 || smoke_alarm", Some(true)),
            ("humidity > 50.0 && power > 5.0", Some(false)),
            ("humidity > 50.0 && smoke_alarm", None),
            ("temperature / power > 1.0", None),
        ] {
            assert_eq!(value(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let deep = format!("{}temperature > 1.0{}", "(".repeat(200), ")".repeat(200));
        let minus = format!("temperature > {}1.0", "-".repeat(400));
        let long = "temperature > 1.0 && ".repeat(40);
        for (text, wanted) in [
            ("", "at character 1: a metric, a number or a bracket is missing"),
            ("temperature", "at character 1: is a number; compare it with something"),
            ("1 < 2", "at character 1: names no metric: it never changes"),
            ("temprature > 4", "at character 1: `temprature` is not a metric; did you mean `temperature`?"),
            ("temperature > 4 power", "at character 17: is more than the formula needs; join parts with `&&` or `||`"),
            (
                "temperature && smoke_alarm",
                "at character 27: what stands before is a number; compare it with something",
            ),
            ("smoke_alarm > 1", "at character 16: what stands before is true or false, not a number"),
            ("(temperature > 4", "at character 17: a `)` is missing"),
            ("temperature > 4..5", "at character 15: `4..5` is not a number"),
            ("math.least(power) > 1", "at character 17: the function takes two numbers or more in brackets"),
            ("temperatur€ > 4", "at character 1: `temperatur` is not a metric; did you mean `temperature`?"),
            (&deep, "at character 9: nests more than 16 deep"),
            (&minus, "at character 30: nests more than 16 deep"),
            (&long, "at character 501: is longer than 500 characters"),
        ] {
            assert_eq!(Formula::parse(text).unwrap_err().to_string(), wanted, "{text}");
        }
    }
}
