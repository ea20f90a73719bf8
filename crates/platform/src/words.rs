//! The platform's own words to the user, in each language it speaks.

use std::sync::Arc;

use rfb::sealed::EndReason;
use view::{Action, Choice, Element, Emphasis, Icon, Language, Tone, View};
use vm::App;

use crate::desk::Stop;
use crate::effect::Refusal;

/// The launcher's action that leaves.
const LEAVE: &str = "leave";

/// Why something was not done, as the user should read it.
pub(crate) fn refusal(language: Language, refusal: Refusal) -> &'static str {
    match (language, refusal) {
        (Language::English, Refusal::InsufficientFunds) => {
            "There is not enough money in the account. Nothing was paid."
        }
        (Language::English, Refusal::UnknownPayee) => {
            "Nobody of that name can be paid here. Nothing was paid."
        }
        (Language::English, Refusal::NotPermitted) => "This is not permitted. Nothing was paid.",
        (Language::English, Refusal::Cancelled) => "You cancelled. Nothing was paid.",
        (Language::English, Refusal::Invalid) => "The amount or account is not valid. Nothing was paid.",
        (Language::English, Refusal::NotSigned) => {
            "This terminal's secure element did not sign. Nothing was paid."
        }
        (Language::English, Refusal::Expired) => "It took too long to confirm. Nothing was paid.",
        (Language::English, Refusal::OverLimit) => {
            "This would exceed a limit of your account. Nothing was paid."
        }
        (Language::English, Refusal::Suspicious) => {
            "This payment is not possible. Nothing was paid. Please ask the operator."
        }
        (Language::English, Refusal::StepUp) => {
            "This payment needs a further proof that it is you. Nothing was paid."
        }
        (Language::English, Refusal::PriceChanged) => {
            "The fee has changed. Nothing was paid; please start again."
        }
        (Language::English, Refusal::InReview) => {
            "The operator is checking this payment. The money is set aside; look at the history later."
        }
        (Language::English, Refusal::Unavailable) => {
            "The service is not available now. Look at the history before you try again."
        }
        (Language::Chinese, Refusal::InsufficientFunds) => "账户余额不足，未付款。",
        (Language::Chinese, Refusal::UnknownPayee) => "没有找到收款方，未付款。",
        (Language::Chinese, Refusal::NotPermitted) => "不允许此操作，未付款。",
        (Language::Chinese, Refusal::Cancelled) => "您已取消，未付款。",
        (Language::Chinese, Refusal::Invalid) => "金额或账户无效，未付款。",
        (Language::Chinese, Refusal::NotSigned) => "本终端的安全元件没有签名，未付款。",
        (Language::Chinese, Refusal::Expired) => "确认超时，未付款。",
        (Language::Chinese, Refusal::OverLimit) => "超出账户限额，未付款。",
        (Language::Chinese, Refusal::Suspicious) => "无法完成此付款，未付款。请联系运营方。",
        (Language::Chinese, Refusal::StepUp) => "此付款需要进一步验证身份，未付款。",
        (Language::Chinese, Refusal::PriceChanged) => "手续费已变动，未付款，请重新开始。",
        (Language::Chinese, Refusal::InReview) => "运营方正在审核此付款，款项已冻结，请稍后查看交易记录。",
        (Language::Chinese, Refusal::Unavailable) => "服务暂不可用。重试前请先查看交易记录。",
    }
}

/// Why the session ends: the protocol's reason, and the user's.
pub(crate) fn goodbye(language: Language, stop: &Stop) -> (EndReason, &'static str) {
    let english = language == Language::English;
    let pick = |in_english, in_chinese| if english { in_english } else { in_chinese };
    match stop {
        Stop::Done => (EndReason::SignedOut, pick("You have signed out.", "您已退出。")),
        Stop::Idle => (
            EndReason::Idle,
            pick(
                "You were away, so the session was closed for your safety.",
                "您长时间未操作，为安全起见会话已关闭。",
            ),
        ),
        Stop::Revoked => (
            EndReason::Locked,
            pick(
                "This terminal or your contract was suspended. Nothing was paid. Please ask the operator.",
                "本终端或您的合约已被停用，未付款。请联系运营方。",
            ),
        ),
        Stop::App(_) => (
            EndReason::AppFailed,
            pick(
                "The app failed and was stopped. Nothing was paid that you were not told of.",
                "应用出错，已停止。除已告知您的以外，没有任何付款。",
            ),
        ),
        Stop::ShutDown => (
            EndReason::Stopping,
            pick("The service is being restarted. Please sign in again.", "服务正在重启，请重新登录。"),
        ),
        Stop::Server(_) => (
            EndReason::Stopping,
            pick(
                "The service failed. Look at the history before you pay again.",
                "服务出错。再次付款前请先查看交易记录。",
            ),
        ),
        Stop::NotAcknowledged | Stop::Tampered(_) | Stop::Protocol(_) => (
            EndReason::Protocol,
            pick("This terminal does not speak as it should.", "本终端的通信不符合要求。"),
        ),
    }
}

/// The list of apps to choose from.
pub(crate) fn launcher(language: Language, apps: &[Arc<App>], prefix: &str) -> View {
    let (heading, empty, leave) = match language {
        Language::English => {
            ("Services", "No service is offered at the moment. Please come back later.", "Sign out")
        }
        Language::Chinese => ("服务", "目前没有可用的服务，请稍后再来。", "退出"),
    };
    let choices: Vec<Choice> = apps
        .iter()
        .take(view::ROWS_MAX)
        .map(|app| Choice {
            id: format!("{prefix}{}", app.manifest().id),
            label: title(app, language),
            detail: String::new(),
            icon: Icon::Card,
            amount: None,
        })
        .collect();
    let element = if choices.is_empty() {
        Element::Text { text: empty.to_owned(), tone: Tone::Body }
    } else {
        Element::Choices(choices)
    };
    let leave = Action { id: LEAVE.to_owned(), label: leave.to_owned(), emphasis: Emphasis::Secondary };
    View { title: heading.to_owned(), elements: vec![element], actions: vec![leave] }
}

/// What an app is called in this language, else in any that it has a title in.
fn title(app: &App, language: Language) -> String {
    let titles = &app.manifest().title;
    titles.get(language.tag()).or_else(|| titles.values().next()).cloned().unwrap_or_default()
}
