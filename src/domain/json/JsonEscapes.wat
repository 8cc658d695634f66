;; Writes UTF-8 text as the content of a JSON string, exactly as `JSON.stringify` does: 16 bytes a turn.
;;
;; The memory is one page of 64 KiB: the text from offset 0, at most 8,192 bytes; the result from offset 8,448, at most six
;; times as many; from offset 61,440 on the letters of the short escapes. A turn reads and writes 16 bytes, even if fewer are
;; left, so both places have room for as many more.
(module
  (memory (export "memory") 1 1)

  ;; \b \t \n \f \r, by their control characters. Zero means \u00XX.
  (data (i32.const 61440) "\00\00\00\00\00\00\00\00btn\00fr\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")

  ;; Takes the length of the text, and returns that of the result.
  (func (export "escape") (param $length i32) (result i32)
    (local $from i32)
    (local $to i32)
    (local $bytes v128)
    (local $mask i32)
    (local $unit i32)
    (local $letter i32)
    (local.set $to (i32.const 8448))
    (block $done
      (loop $turn
        (br_if $done (i32.ge_u (local.get $from) (local.get $length)))
        (local.set $bytes (v128.load (local.get $from)))
        (v128.store (local.get $to) (local.get $bytes))
        (local.set $mask
          (i8x16.bitmask
            (v128.or
              (i8x16.lt_u (local.get $bytes) (i8x16.splat (i32.const 0x20)))
              (v128.or
                (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x22)))
                (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x5c)))))))

        ;; No character that needs an escape: 16 bytes are done.
        (if (i32.eqz (local.get $mask))
          (then
            (local.set $from (i32.add (local.get $from) (i32.const 16)))
            (local.set $to (i32.add (local.get $to) (i32.const 16)))
            (br $turn)))

        ;; Done are those before the first such character, which may stand behind the text.
        (local.set $mask (i32.ctz (local.get $mask)))
        (local.set $from (i32.add (local.get $from) (local.get $mask)))
        (local.set $to (i32.add (local.get $to) (local.get $mask)))
        (br_if $done (i32.ge_u (local.get $from) (local.get $length)))

        (local.set $unit (i32.load8_u (local.get $from)))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (local.set $letter
          (if (result i32) (i32.lt_u (local.get $unit) (i32.const 0x20))
            (then (i32.load8_u (i32.add (i32.const 61440) (local.get $unit))))
            (else (local.get $unit))))
        (if (local.get $letter)
          (then
            ;; A backslash and the letter.
            (i32.store16 (local.get $to)
              (i32.or (i32.const 0x5c) (i32.shl (local.get $letter) (i32.const 8))))
            (local.set $to (i32.add (local.get $to) (i32.const 2))))
          (else
            ;; "\u00", a digit of 0 or 1, and one of 0 to f.
            (i32.store (local.get $to) (i32.const 0x3030755c))
            (i32.store8 (i32.add (local.get $to) (i32.const 4))
              (i32.add (i32.const 0x30) (i32.shr_u (local.get $unit) (i32.const 4))))
            (local.set $letter (i32.and (local.get $unit) (i32.const 0xf)))
            (i32.store8 (i32.add (local.get $to) (i32.const 5))
              (i32.add
                (local.get $letter)
                (select (i32.const 0x57) (i32.const 0x30) (i32.gt_u (local.get $letter) (i32.const 9)))))
            (local.set $to (i32.add (local.get $to) (i32.const 6)))))
        (br $turn)))

    ;; The last turn may have gone beyond the end of the text.
    (i32.sub
      (i32.sub (local.get $to) (i32.const 8448))
      (i32.sub (local.get $from) (local.get $length)))))
