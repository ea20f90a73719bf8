//! The platform's own words, in every language it speaks.

use crate::theme::Language;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident: $english:expr, $chinese:expr;)*) => {
        /// A phrase of the platform.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Word { $($(#[$doc])* $name),* }

        impl Word {
            pub(crate) const fn text(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::English) => $english, (Self::$name, Language::Chinese) => $chinese,)*
                }
            }
        }

        /// Everything the platform ever says by itself, for the check of fonts.
        pub(crate) fn all() -> String {
            let mut text = String::from("0123456789,.-+−¥$€£…•");
            $(text.push_str($english); text.push_str($chinese);)*
            for (english, chinese) in PASS_WORDS { text.push_str(english); text.push_str(chinese); }
            text
        }
    };
}

words! {
    Platform: "ThinPay", "ThinPay";
    Secure: "Secure screen", "安全界面";
    Welcome: "Secure connection", "安全连接已建立";
    Greeting: "Hello, {}", "{}，您好";
    WelcomeText: "This picture and these words are new each time you sign in. They reach your own terminal only.",
        "此图案与词语每次登录都不同，只有您本人的终端才能显示。";
    SessionWords: "This session's words", "本次会话口令";
    Confirm: "Confirm payment", "确认付款";
    ConfirmTransfer: "Confirm transfer", "确认转账";
    ConfirmTopUp: "Confirm top-up", "确认充值";
    ConfirmButton: "Confirm", "确认";
    CancelButton: "Cancel", "取消";
    CloseButton: "Close", "关闭";
    YouPay: "You pay", "付款金额";
    YouSend: "You send", "转账金额";
    YouTopUp: "You top up", "充值金额";
    Payee: "To", "收款方";
    PayeeNumber: "Payee number", "收款方编号";
    FromAccount: "From", "付款账户";
    IntoAccount: "Into account", "充入账户";
    Fee: "Fee", "手续费";
    Total: "Total", "合计";
    Memo: "Note", "附言";
    Free: "None", "免费";
    SignNote: "Your terminal signs exactly this.", "终端将对以上内容签名。";
    Signing: "Waiting for your terminal's signature", "等待终端签名";
    SigningText: "Keep the terminal connected. Enter its PIN if it asks for one.", "请保持终端连接；如有提示，请输入终端密码。";
    Working: "One moment, please", "请稍候";
    Declined: "Not completed", "未能完成";
    NothingTaken: "No money has been moved.", "资金未发生变动。";
    Ended: "Session ended", "会话已结束";
    EndedText: "You can close this screen or sign in again.", "您可以关闭此界面或重新登录。";
    Next: "Next", "下一项";
    Done: "Done", "完成";
    Succeeded: "Succeeded", "成功";
    Failed: "Failed", "失败";
    Empty: "Nothing here yet", "暂无记录";
}

/// Words for a session, one for each value of a byte's low six bits; short, plain, and unlike each other.
pub(crate) const PASS_WORDS: [(&str, &str); 64] = [
    ("amber", "琥珀"),
    ("anchor", "船锚"),
    ("apple", "苹果"),
    ("arrow", "羽箭"),
    ("autumn", "秋天"),
    ("bamboo", "竹子"),
    ("basket", "篮子"),
    ("beacon", "灯塔"),
    ("bridge", "石桥"),
    ("bronze", "青铜"),
    ("candle", "蜡烛"),
    ("canyon", "峡谷"),
    ("castle", "城堡"),
    ("cedar", "雪松"),
    ("cherry", "樱桃"),
    ("circle", "圆圈"),
    ("cloud", "白云"),
    ("clover", "苜蓿"),
    ("copper", "红铜"),
    ("coral", "珊瑚"),
    ("cotton", "棉花"),
    ("crane", "仙鹤"),
    ("crystal", "水晶"),
    ("desert", "沙漠"),
    ("dolphin", "海豚"),
    ("dragon", "飞龙"),
    ("eagle", "雄鹰"),
    ("ember", "火苗"),
    ("falcon", "猎隼"),
    ("feather", "羽毛"),
    ("forest", "森林"),
    ("garden", "花园"),
    ("ginger", "生姜"),
    ("glacier", "冰川"),
    ("harbor", "港湾"),
    ("harvest", "丰收"),
    ("island", "海岛"),
    ("ivory", "象牙"),
    ("jasmine", "茉莉"),
    ("kettle", "水壶"),
    ("lantern", "灯笼"),
    ("lemon", "柠檬"),
    ("lotus", "莲花"),
    ("maple", "枫叶"),
    ("marble", "大理石"),
    ("meadow", "草地"),
    ("mirror", "镜子"),
    ("morning", "清晨"),
    ("ocean", "海洋"),
    ("olive", "橄榄"),
    ("orchid", "兰花"),
    ("panda", "熊猫"),
    ("pearl", "珍珠"),
    ("pepper", "胡椒"),
    ("pine", "松树"),
    ("planet", "行星"),
    ("river", "河流"),
    ("saddle", "马鞍"),
    ("silver", "白银"),
    ("summit", "山顶"),
    ("temple", "庙宇"),
    ("tiger", "老虎"),
    ("violin", "提琴"),
    ("willow", "柳树"),
];

/// Chooses words by the bytes of a nonce.
pub(crate) fn pass_words(nonce: &[u8; 16], language: Language) -> String {
    let chosen: Vec<&str> = nonce
        .iter()
        .skip(13)
        .filter_map(|byte| PASS_WORDS.get(usize::from(byte & 63)))
        .map(|(english, chinese)| match language {
            Language::English => *english,
            Language::Chinese => *chinese,
        })
        .collect();
    chosen.join(" · ")
}
