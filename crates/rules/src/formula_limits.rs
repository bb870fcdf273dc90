//! Comparisons of a formula that no reading can pass: slips of the keyboard or of the unit.

use crate::formula::{Formula, Node, Operator};
use crate::metric_limits::possible;
use watchfire_model::{Metric, Unit};

/// The first of them, in words; rule files are refused with it. Formulas that are stored already are not asked.
pub(crate) fn pointless(formula: &Formula) -> Option<String> {
    in_node(formula.root())
}

fn in_node(node: &Node) -> Option<String> {
    match node {
        Node::Number(_) | Node::Truth(_) | Node::Metric(_) => None,
        Node::Not(of) | Node::Minus(of) => in_node(of),
        Node::Pair(operator, one, other) => {
            let compared = if let (Node::Metric(metric), Some(limit)) = (&**one, number(other)) {
                judged(metric, *operator, limit)
            } else {
                None
            };
            compared.or_else(|| in_node(one)).or_else(|| in_node(other))
        }
        Node::Choice(which, one, other) => in_node(which).or_else(|| in_node(one)).or_else(|| in_node(other)),
        Node::Call(_, of) => of.iter().find_map(in_node),
    }
}

fn number(node: &Node) -> Option<f64> {
    match node {
        Node::Number(number) => Some(*number),
        Node::Minus(of) => number(of).map(|number| -number),
        _ => None,
    }
}

fn judged(metric: &Metric, operator: Operator, limit: f64) -> Option<String> {
    let (least, most) = possible(metric)?;
    let (sign, never) = match operator {
        Operator::More => (">", limit >= most),
        Operator::AtLeast => (">=", limit > most),
        Operator::Less => ("<", limit <= least),
        Operator::AtMost => ("<=", limit < least),
        _ => return None,
    };
    let unit = metric.unit().map_or("", Unit::code);
    never.then(|| {
        format!(
            "`{metric} {sign} {limit}` is never so: {metric} goes from {least} to {most} {unit}; use a limit between"
        )
    })
}
