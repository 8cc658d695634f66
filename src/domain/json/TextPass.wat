;; Two passes over a piece of a text, 16 bytes a turn.
;;
;; The memory is one page of 64 KiB: the piece from offset 0, at most 8,192 bytes; the result from offset 8,448, at most six
;; times as many; from offset 61,440 on the letters of the short escapes. A turn can read and write 16 bytes beyond the end,
;; so both places have room for as many more.
(module
  (memory (export "memory") 1 1)

  ;; \b \t \n \f \r, by their control characters. Zero means \u00XX.
  (data (i32.const 61440) "\00\00\00\00\00\00\00\00btn\00fr\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")

  ;; Writes UTF-8 text as the content of a JSON string, exactly as `JSON.stringify` does. Takes the length of the text, and
  ;; returns that of the result.
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
      (i32.sub (local.get $from) (local.get $length))))

  ;; Writes UTF-16 of little endian as UTF-8, with U+FFFD for each lone surrogate. Takes the length of the text in bytes, and
  ;; returns that of the result.
  (func (export "utf8") (param $length i32) (result i32)
    (local $from i32)
    (local $to i32)
    (local $end i32)
    (local $unit i32)
    (local $low i32)
    (local $units v128)
    (local $upper v128)
    (local $first v128)
    (local $last v128)
    (local.set $to (i32.const 8448))
    (block $done
      (loop $turn
        (br_if $done (i32.ge_u (local.get $from) (local.get $length)))
        (local.set $end (i32.add (local.get $from) (i32.const 16)))
        (if (i32.le_u (local.get $end) (local.get $length))
          (then
            (local.set $units (v128.load (local.get $from)))

            ;; Eight characters of one byte.
            (if (i32.eqz (v128.any_true (v128.and (local.get $units) (i16x8.splat (i32.const 0xff80)))))
              (then
                (v128.store64_lane 0 (local.get $to)
                  (i8x16.narrow_i16x8_u (local.get $units) (local.get $units)))
                (local.set $from (local.get $end))
                (local.set $to (i32.add (local.get $to) (i32.const 8)))
                (br $turn)))

            ;; Eight characters of three bytes: from U+0800 on, without surrogates.
            (local.set $upper (v128.and (local.get $units) (i16x8.splat (i32.const 0xf800))))
            (if
              (i32.eqz
                (v128.any_true
                  (v128.or
                    (i16x8.eq (local.get $upper) (i16x8.splat (i32.const 0)))
                    (i16x8.eq (local.get $upper) (i16x8.splat (i32.const 0xd800))))))
              (then
                ;; The eight first bytes and the eight second ones, then the eight last ones.
                (local.set $first
                  (i8x16.narrow_i16x8_u
                    (v128.or
                      (i16x8.shr_u (local.get $units) (i32.const 12))
                      (i16x8.splat (i32.const 0xe0)))
                    (v128.or
                      (v128.and
                        (i16x8.shr_u (local.get $units) (i32.const 6))
                        (i16x8.splat (i32.const 0x3f)))
                      (i16x8.splat (i32.const 0x80)))))
                (local.set $last
                  (v128.or
                    (v128.and (local.get $units) (i16x8.splat (i32.const 0x3f)))
                    (i16x8.splat (i32.const 0x80))))
                (local.set $last (i8x16.narrow_i16x8_u (local.get $last) (local.get $last)))
                (v128.store (local.get $to)
                  (i8x16.shuffle 0 8 16 1 9 17 2 10 18 3 11 19 4 12 20 5 (local.get $first) (local.get $last)))
                (v128.store64_lane offset=16 0 (local.get $to)
                  (i8x16.shuffle 13 21 6 14 22 7 15 23 0 0 0 0 0 0 0 0 (local.get $first) (local.get $last)))
                (local.set $from (local.get $end))
                (local.set $to (i32.add (local.get $to) (i32.const 24)))
                (br $turn))))
          (else (local.set $end (local.get $length))))

        ;; Up to eight units one by one.
        (loop $one
          (local.set $unit (i32.load16_u (local.get $from)))
          (local.set $from (i32.add (local.get $from) (i32.const 2)))
          (block $written
            (if (i32.lt_u (local.get $unit) (i32.const 0x80))
              (then
                (i32.store8 (local.get $to) (local.get $unit))
                (local.set $to (i32.add (local.get $to) (i32.const 1)))
                (br $written)))
            (if (i32.lt_u (local.get $unit) (i32.const 0x800))
              (then
                (i32.store8 (local.get $to)
                  (i32.or (i32.const 0xc0) (i32.shr_u (local.get $unit) (i32.const 6))))
                (i32.store8 offset=1 (local.get $to)
                  (i32.or (i32.const 0x80) (i32.and (local.get $unit) (i32.const 0x3f))))
                (local.set $to (i32.add (local.get $to) (i32.const 2)))
                (br $written)))
            (if (i32.eq (i32.and (local.get $unit) (i32.const 0xf800)) (i32.const 0xd800))
              (then
                (local.set $low (i32.const 0))
                (if (i32.lt_u (local.get $from) (local.get $length))
                  (then (local.set $low (i32.load16_u (local.get $from)))))
                (if
                  (i32.and
                    (i32.lt_u (local.get $unit) (i32.const 0xdc00))
                    (i32.eq (i32.and (local.get $low) (i32.const 0xfc00)) (i32.const 0xdc00)))
                  (then
                    ;; A pair is a character from U+10000 on, of four bytes.
                    (local.set $from (i32.add (local.get $from) (i32.const 2)))
                    (local.set $unit
                      (i32.add
                        (i32.shl (i32.sub (local.get $unit) (i32.const 0xd7c0)) (i32.const 10))
                        (i32.and (local.get $low) (i32.const 0x3ff))))
                    (i32.store8 (local.get $to)
                      (i32.or (i32.const 0xf0) (i32.shr_u (local.get $unit) (i32.const 18))))
                    (i32.store8 offset=1 (local.get $to)
                      (i32.or
                        (i32.const 0x80)
                        (i32.and (i32.shr_u (local.get $unit) (i32.const 12)) (i32.const 0x3f))))
                    (i32.store8 offset=2 (local.get $to)
                      (i32.or
                        (i32.const 0x80)
                        (i32.and (i32.shr_u (local.get $unit) (i32.const 6)) (i32.const 0x3f))))
                    (i32.store8 offset=3 (local.get $to)
                      (i32.or (i32.const 0x80) (i32.and (local.get $unit) (i32.const 0x3f))))
                    (local.set $to (i32.add (local.get $to) (i32.const 4)))
                    (br $written)))
                (local.set $unit (i32.const 0xfffd))))
            (i32.store8 (local.get $to)
              (i32.or (i32.const 0xe0) (i32.shr_u (local.get $unit) (i32.const 12))))
            (i32.store8 offset=1 (local.get $to)
              (i32.or
                (i32.const 0x80)
                (i32.and (i32.shr_u (local.get $unit) (i32.const 6)) (i32.const 0x3f))))
            (i32.store8 offset=2 (local.get $to)
              (i32.or (i32.const 0x80) (i32.and (local.get $unit) (i32.const 0x3f))))
            (local.set $to (i32.add (local.get $to) (i32.const 3))))
          (br_if $one (i32.lt_u (local.get $from) (local.get $end))))
        (br $turn)))
    (i32.sub (local.get $to) (i32.const 8448))))
